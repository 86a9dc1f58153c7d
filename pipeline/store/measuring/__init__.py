"""What is counted and learnt from: figures, verified readings, the masked snapshot."""

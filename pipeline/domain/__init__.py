"""What things are and which rules hold. No I/O, no image, no third-party import."""

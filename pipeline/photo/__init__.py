"""Find the print, find the face, one module per check, the grade."""

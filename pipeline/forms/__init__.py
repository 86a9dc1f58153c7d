"""Form definitions in millimetres: loading, drawing, checking."""

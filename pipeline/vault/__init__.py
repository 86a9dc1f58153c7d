"""Keys, sealing, blind index, retention."""

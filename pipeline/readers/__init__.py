"""One reader for each kind of zone."""

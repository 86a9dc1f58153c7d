"""Where scans enter: inbox, batches, quarantine, originals."""

"""From the inbox to sealed originals: claims, batches, duplicates, quarantine, the account."""

"""One document from page to examination; the pool of warm workers."""

"""From bytes to a page that lies exactly on its form."""

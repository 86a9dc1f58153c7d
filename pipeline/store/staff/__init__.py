"""The people who work at the desk, their sessions and accounts."""

"""The topics of the command line."""

"""Synthetic people, ink, portraits and paper: sample scans with truth."""

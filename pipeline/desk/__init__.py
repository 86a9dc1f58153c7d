"""The web application for reviewers, supervisors, operators and analysts."""

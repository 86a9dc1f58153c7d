"""Learning a new form from one blank sheet: a proposal that a person checks."""

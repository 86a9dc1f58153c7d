"""One module per item of the checklist; each has ``assess(subject, limits) -> PhotoCheck``."""

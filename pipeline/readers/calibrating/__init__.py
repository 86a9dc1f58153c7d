"""How honest the probabilities are, from evaluation or from a site's own decisions."""

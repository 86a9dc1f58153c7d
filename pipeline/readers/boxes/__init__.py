"""One character to a box: the views of a cell joined to one posterior, and what it says."""

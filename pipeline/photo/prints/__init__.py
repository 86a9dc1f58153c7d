"""Prints glued on a page: where they lie and how large they are.

``finding`` tells whether there is one and cuts it out. Its outline (``outlines``) comes roughly
from what it covers (``covered``), then from the tones at the working scale (``tones``): their
beginnings say the turn (``turn``); then each side is an edge (``edges``) that most parts of a strip
(``strips``) have in common (``common_edges``) or begin on (``beginnings``), whichever
``side_choice`` holds for the print's. ``standard_size`` settles what is in doubt;
``printing_in_sight`` leaves the form's own printing out, in the ``greys`` of scanners without
colour too.
"""

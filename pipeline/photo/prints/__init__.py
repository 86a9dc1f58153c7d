"""Prints glued on a page: where they lie and how large they are.

``finding`` tells whether there is one and cuts it out. Its outline (``outlines``) comes roughly
from what it covers (``covered``), then from the tones across its sides (``tones``), in which
``edges`` finds an edge; ``standard_size`` settles what is in doubt; ``printing_in_sight`` leaves
the form's own printing out.
"""

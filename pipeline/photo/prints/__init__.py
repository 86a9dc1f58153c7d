"""Prints glued on a page: where they lie and how large they are.

``finding`` tells whether there is one, ``outline`` measures its four sides, ``edges`` finds an
edge in the tones across one side, ``printed_lines`` leaves the form's own printing out.
"""

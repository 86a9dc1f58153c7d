"""What came before: the same sheet scanned twice, the same applicant twice; linked, never dropped.

Looking takes long where much was loaded, so it is done before a batch has its turn to write; in
the turn only what was found is looked at again.
"""

"""Dates of Japanese eras, from boxes or free writing, weighed by what is probable."""

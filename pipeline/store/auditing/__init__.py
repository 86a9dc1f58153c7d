"""Who did what: the chained record, its seals, its reports, what an incident touched."""

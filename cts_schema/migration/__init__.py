"""How the schema moves: one line of revisions, one road for every way to start it."""

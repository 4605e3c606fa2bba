"""The database handle that every operation takes, URLs, engines and options."""

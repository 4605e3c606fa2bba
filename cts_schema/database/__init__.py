"""Which database is meant, how it is connected to, and the handle that every operation takes."""

"""What mends a database that ``check`` has found something in: a plan of statements, and the run that executes it.

Nothing here drops a row or a value. What cannot be mended without somebody's decision is explained, and left alone.
"""

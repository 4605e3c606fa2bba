"""Repairs the findings of ``check``: a plan of statements, and the run that executes it.

A repair drops no row and no value. It explains a finding that needs a decision, and leaves it as it is.
"""

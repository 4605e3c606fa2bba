"""What may be wrong with a database: each idea in a module, which looks, and never writes."""

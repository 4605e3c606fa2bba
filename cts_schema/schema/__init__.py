"""The schema as the revisions and the models have it, known without a database."""

"""The rows of legacy tables into the new ones."""

"""The legacy tables: moved aside, dropped for good, or brought back."""

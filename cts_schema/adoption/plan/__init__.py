"""What an adoption would do, before anything is touched."""

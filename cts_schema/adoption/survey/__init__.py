"""What a legacy database has."""

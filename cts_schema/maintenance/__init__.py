"""What a database needs over the years: backups, and the way back from them."""

"""All that differs by database: one interface, a folder for each, chosen once."""

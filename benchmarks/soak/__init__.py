"""Does it stay the same over hours? Random good and bad edits under load, and what the process holds meanwhile."""

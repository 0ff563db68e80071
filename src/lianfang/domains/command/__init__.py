"""What the command post sees in ten seconds, and the daily table."""

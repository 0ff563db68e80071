"""Results and holds: laboratory files, batch entry, what tubes conclude, and who is held until a single re-test."""

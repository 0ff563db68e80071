"""Places, households, people: registered once, used by every list."""

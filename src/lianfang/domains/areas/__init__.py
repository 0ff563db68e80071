"""Levels of places: drawn, raised, lowered and lifted by two people, on criteria of the pack in force."""

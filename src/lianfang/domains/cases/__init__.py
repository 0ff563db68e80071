"""Infected people: from a positive result to release."""

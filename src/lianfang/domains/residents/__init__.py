"""Residents' own pages on a phone, and what they bring to the community's desk."""

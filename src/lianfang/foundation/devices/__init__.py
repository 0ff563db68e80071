"""Devices of the field and what they bring: who they are, the inbox that takes everything once, the review list."""

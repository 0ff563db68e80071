"""Encrypted numbers, blind indexes, masks, and the audited opening of a mask."""

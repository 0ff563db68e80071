"""Lianfang: runs a community's response to an outbreak."""

__version__ = "0.1.0"

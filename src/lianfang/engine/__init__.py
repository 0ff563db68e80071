"""The pure engine: no clock, no network, no unseeded randomness, no web framework."""

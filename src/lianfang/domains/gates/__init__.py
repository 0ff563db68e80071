"""Checkpoints: what is asked there, who passed, who may pass when, and who had to."""

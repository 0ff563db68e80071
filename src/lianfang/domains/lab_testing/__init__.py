"""Rounds, teams, kits, tubes, samples and results, to the last person."""

"""What guards' devices bring, carry and ask."""

"""Pages of devices, and of what they sent that could not be accepted."""

"""Which policy pack is in force where and when."""

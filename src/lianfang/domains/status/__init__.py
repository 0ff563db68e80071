"""Green, yellow, red or unknown, with reason, evidence, since and until."""

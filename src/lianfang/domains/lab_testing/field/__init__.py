"""What samplers' and couriers' devices carry, and what their records do here: over the services of this domain."""

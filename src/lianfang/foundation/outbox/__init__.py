"""Events of the domains: written with the change, handled after it."""

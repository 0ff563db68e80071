"""The pages of a resident's phone, without an account: opened by a slip, bound to one household."""

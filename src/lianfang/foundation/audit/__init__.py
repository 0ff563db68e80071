"""What was done, by whom and why: appended, never changed."""

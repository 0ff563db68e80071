"""Pages of access: signing in, one's own account, accounts of others, the audit trail."""

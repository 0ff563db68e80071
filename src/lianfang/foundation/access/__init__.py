"""Who may see and do what: accounts, postings, roles, place scope in the database itself."""

"""The web import of rosters: files → understood → conflicts decided → preview → applied → perhaps undone."""

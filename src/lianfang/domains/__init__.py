"""One Django app per domain; a domain imports only the public doors of those below it."""

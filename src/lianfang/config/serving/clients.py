"""PostgreSQL's own client programs, and how they are told where the database is."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping

from psycopg.conninfo import conninfo_to_dict

from lianfang.config.embedded.programs import find_programs
from lianfang.config.serving.problems import ServingError

_VARIABLES = {
    "host": "PGHOST",
    "hostaddr": "PGHOSTADDR",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "connect_timeout": "PGCONNECT_TIMEOUT",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "passfile": "PGPASSFILE",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
}
_NEED_TLS = ("require", "verify-ca", "verify-full")


def client_environment(url: str, given: Mapping[str, str] | None = None) -> dict[str, str]:
    """The address as environment variables: on a command line everybody could read the password."""
    found = {"PATH": os.defpath, "LC_ALL": "C", "PGCLIENTENCODING": "UTF8", "HOME": (given or {}).get("HOME", "/")}
    for name, value in conninfo_to_dict(url).items():
        if name in _VARIABLES and value is not None:
            found[_VARIABLES[name]] = str(value)
    return found


def client_program(name: str, url: str) -> str:
    """The path of ``pg_dump``, ``pg_restore`` or ``psql``: the wheel's, which speaks to every server but without TLS.

    Where the address asks for TLS, the one that the machine has. Raises ServingError("client_without_tls").
    """
    if conninfo_to_dict(url).get("sslmode") not in _NEED_TLS:
        return find_programs().path(name)
    found = shutil.which(name)
    if found is None:
        raise ServingError("client_without_tls", program=name)
    return found

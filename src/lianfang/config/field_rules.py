"""The rules that a device decides, as the field app serves them, for the phone pages of the desk's server too.

They lie under a name that changes with their content: one of them imports the others by relative addresses, and a
browser that kept an old one beside a new one would decide by both.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

APP = Path(__file__).resolve().parents[1] / "interfaces" / "field" / "app"
FOLDERS = ("js/rules", "vendor")


def field_rules() -> tuple[str, list[tuple[str, str]]]:
    """The name, and what stands under it for ``STATICFILES_DIRS``."""
    digest = hashlib.sha256()
    for folder in FOLDERS:
        for file in sorted((APP / folder).rglob("*.js")):
            digest.update(str(file.relative_to(APP)).encode() + b"\0" + file.read_bytes())
    name = f"field-{digest.hexdigest()[:10]}"
    return name, [(f"{name}/{folder}", str(APP / folder)) for folder in FOLDERS if (APP / folder).is_dir()]

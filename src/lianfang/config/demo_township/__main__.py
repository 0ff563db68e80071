"""``python -m lianfang.config.demo_township FOLDER LANGUAGE``: load, unless there is data, and name the accounts."""

from __future__ import annotations

import json
import os
import sys
from datetime import datetime
from pathlib import Path

import django
from django.utils import timezone

from lianfang.foundation.texts import texts

LOADING = "demo.loading"


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lianfang.config.settings")
    django.setup()
    # Models may be imported only now.
    from lianfang.config.demo_township.loading import ACCOUNTS, PASSWORD, is_in_use, is_loaded, load_township

    folder, words = Path(sys.argv[1]), texts(sys.argv[2])
    if is_loaded():
        _say(words("demo_township.loaded_before"))
    elif is_in_use():
        sys.stderr.write(words("demo_township.in_use") + "\n")
        return 1
    else:
        # Stays where loading is cut short: tools/demo.sh then begins again with an empty folder.
        mark = Path(os.environ["LIANFANG_FOLDER"]) / LOADING
        mark.touch()
        try:
            load_township(folder, as_of=_night(folder), tell=lambda stage: _say(words(f"demo_township.stage.{stage}")))
        except (OSError, RuntimeError) as error:
            sys.stderr.write(words("demo_township.failed", detail=str(error)) + "\n")
            return 1
        mark.unlink()
    _say(words("demo_township.accounts", password=PASSWORD))
    for one in ACCOUNTS:
        _say(f"  {one.login:<10} {words(f'access.role.{one.role}')}")
    _say(words("demo_township.people_are_generated"))
    return 0


def _night(folder: Path) -> datetime:
    """When the demo's night ends, as its truth says: local time of this place."""
    with (folder / "truth.jsonl").open(encoding="utf-8") as lines:
        return timezone.make_aware(datetime.fromisoformat(json.loads(next(lines))["as_of"]))


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

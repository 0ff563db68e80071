"""Before serving: ``python -m lianfang.config.serving.prepare migrate first_link`` runs these in one process.

Loading Django takes longer than either. What ``first_link`` finds is all that is written to standard output.
"""

from __future__ import annotations

import io
import os
import sys

import django
from django.core.management import call_command


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lianfang.config.settings")
    django.setup()
    if "migrate" in sys.argv:
        call_command("migrate", database="owner", interactive=False, stdout=io.StringIO())
    if "first_link" in sys.argv:
        call_command("first_link", stdout=sys.stdout)


if __name__ == "__main__":
    main()

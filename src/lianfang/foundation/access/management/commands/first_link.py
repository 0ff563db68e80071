from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from lianfang.foundation.access.services import make_first_link


class Command(BaseCommand):
    help = "Print the path of a one-time link that makes the first administrator; nothing where there is one."

    def handle(self, *args: Any, **options: Any) -> None:
        path = make_first_link()
        if path is not None:
            self.stdout.write(path)

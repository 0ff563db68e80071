"""Pseudonyms of people of ``served``, as a code shows them: ``benchmarks.field_names COUNT`` prints a JSON list."""

from __future__ import annotations

import json
import os
import sys

import django


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lianfang.config.settings")
    django.setup()
    from lianfang.domains.registry.models import Person
    from lianfang.domains.status.codes import pseudonym_of
    from lianfang.foundation.access.actor import system_actor
    from lianfang.foundation.access.scope import acting_as

    with acting_as(system_actor("benchmark")):
        ids = list(Person.objects.order_by("pk").values_list("pk", flat=True)[: int(sys.argv[1])])
        print(json.dumps([pseudonym_of(pk).hex() for pk in ids]))


if __name__ == "__main__":
    main()

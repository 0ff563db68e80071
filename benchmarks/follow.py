"""How long after a fact is kept the status says so, in the running product with its own worker.

One positive pool of ten after the other is entered at the desk of a township; the clock runs from the clerk's Enter
until the last of its ten people is yellow for everybody. Nothing else happens at the time.

As a module (``python -m benchmarks.follow COUNT``) it is the clerk, beside the product and with its database.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.report import Report
from benchmarks.served import served

PEOPLE, QUICK_PEOPLE = 20_000, 2_000
FACTS, QUICK_FACTS = 40, 5
SECONDS = 2.0
_LONGEST_SECONDS, _LOOK_SECONDS, _BETWEEN_SECONDS = 60.0, 0.01, 1.3


def run(*, quick: bool) -> Report:
    people, facts = (QUICK_PEOPLE, QUICK_FACTS) if quick else (PEOPLE, FACTS)
    report = Report("follow", f"from a fact to the status, in a township of {people:,}")
    with served() as product, tempfile.TemporaryDirectory() as folder:
        product.python("benchmarks.township", "people", str(people))
        product.python("benchmarks.township", "file", str(people // 40), "10", str(Path(folder) / "pools.csv"))
        said = product.python("benchmarks.follow", str(facts))
    seconds = sorted(json.loads(said.splitlines()[-1]))
    report.at_most("slowest of all", seconds[-1], SECONDS, "s", f"{len(seconds)} positive pools of ten, one by one")
    report.plain("median", statistics.median(seconds), "s")
    report.plain("quickest", seconds[0], "s")
    return report


def main() -> None:
    import django

    django.setup()
    from lianfang.domains.lab_testing.models import Round, Sample, Tube
    from lianfang.domains.lab_testing.results.services import Entry, enter_results
    from lianfang.domains.status.models import HealthStatus
    from lianfang.foundation.access.actor import system_actor
    from lianfang.foundation.access.scope import acting_as

    def are_yellow(people: list[int]) -> bool:
        with acting_as(system_actor("bench")):
            return HealthStatus.objects.filter(person_id__in=people, status="yellow").count() == len(people)

    with acting_as(system_actor("bench")):
        round_ = Round.objects.filter(state="open").latest("pk")
        tubes = list(Tube.objects.filter(round_id=round_.pk, results=None).order_by("pk")[: int(sys.argv[1])])
    waited = []
    for number, tube in enumerate(tubes):
        time.sleep(_BETWEEN_SECONDS + 0.037 * (number % 17))  # at another place of every minute and second
        with acting_as(system_actor("bench")) as actor:
            people = list(Sample.objects.filter(tube=tube).values_list("person_id", flat=True))
            started = time.perf_counter()
            enter_results(actor=actor, round_=round_, entries=[Entry(tube.code, "positive")], laboratory="示例检验所")
        while not are_yellow(people):
            if time.perf_counter() - started > _LONGEST_SECONDS:
                raise RuntimeError(f"tube {tube.code}: not followed in {_LONGEST_SECONDS:.0f} s")
            time.sleep(_LOOK_SECONDS)
        waited.append(time.perf_counter() - started)
    print(json.dumps(waited))


if __name__ == "__main__":
    main()

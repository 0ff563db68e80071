"""What has come back by the hour of the report: which tubes, with which result, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from lianfang.demo.laboratories import (
    GARBAGE,
    INDETERMINATE,
    INVALID,
    LABORATORIES,
    NEGATIVE,
    POSITIVE,
    Report,
)
from lianfang.demo.people import Township
from lianfang.demo.plants import Plants
from lianfang.demo.tubes import Evening, Sampler, Tube

ROUND_SECONDS = 31_200
"""From the start of sampling to the hour of the report: 8 h 40 min."""
LATE_AFTER_HOURS = 7
LATE_SECONDS = 27_000
"""A late result comes more than this (7.5 h) after the swab; all others within 6 h."""
_LAST_TESTED = ROUND_SECONDS - 1_500
# Per thousand reported tubes; at least one of each kind where there are tubes enough.
_RATES = {
    "indeterminate": 6.0,
    "invalid": 4.0,
    "empty": 4.0,
    "unreadable": 3.0,
    "repeated": 6.0,
    "contradicted": 1.0,
    "before_sample": 2.0,
    "late": 3.0,
    "wrong_code": 5.0,
    "foreign_tube": 3.0,
}
_LATE_BEFORE = 3_000


@dataclass(slots=True)
class PositivePool:
    """A positive tube, its single retests, and which of them came back positive."""

    tube: Tube
    report: Report
    retests: list[Tube] = field(default_factory=list)
    cases: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Night:
    """All reports of one township, and the tubes by what is special about them."""

    reports: list[Report] = field(default_factory=list)
    pools: list[PositivePool] = field(default_factory=list)
    retests: list[Tube] = field(default_factory=list)
    pending: dict[str, str] = field(default_factory=dict)
    special: dict[str, list[list[Report]]] = field(default_factory=dict)

    def mark(self, kind: str, *reports: Report) -> None:
        self.special.setdefault(kind, []).append(list(reports))


class Reporter:
    """Decides the reports of one township after another."""

    def __init__(self, rng: Random, sampler: Sampler) -> None:
        self._rng = rng
        self._random = rng.random
        self._sampler = sampler
        self._strays = 0

    def report(self, township: Township, plants: Plants, evening: Evening) -> Night:
        night = Night()
        reported = self._reported(evening)
        codes = {tube.code for tube in reported}
        for tube in evening.tubes:
            if tube.code not in codes and not tube.is_void:
                night.pending[tube.code] = "wrong_clock" if tube.wrong_clock else "not_reported"
        sound = [tube for tube in reported if not tube.is_void]
        special = self._positives(sound, plants, night)
        voided = [tube for tube in evening.tubes if tube.is_void]
        for tube in voided[::2]:
            # It was put into the box all the same.
            report = self._plain(tube)
            night.reports.append(report)
            night.mark("void_result", report)
        rest = [tube for tube in sound if tube.code not in special]
        kinds = self._kinds(rest)
        for tube in rest:
            kind = kinds.get(tube.code)
            if kind is None:
                night.reports.append(self._plain(tube))
            else:
                self._special(kind, tube, night)
        return night

    def _reported(self, evening: Evening) -> list[Tube]:
        """Boxes go out as they fill; the earlier half of the tubes is back."""
        boxes: dict[str, list[Tube]] = {}
        for tube in evening.tubes:
            boxes.setdefault(tube.box, []).append(tube)
        wanted = len(evening.tubes) // 2
        reported: list[Tube] = []
        for box in sorted(boxes.values(), key=lambda tubes: (tubes[0].clock, tubes[0].code)):
            reported += box[: wanted - len(reported)]
        return [tube for tube in reported if not tube.wrong_clock]

    def _laboratory(self, tube: Tube) -> str:
        return LABORATORIES[sum(tube.box.encode()) % 5]

    def _plain(self, tube: Tube, result: str = NEGATIVE, given: str | None = None) -> Report:
        end = tube.last_clock
        tested = end + 6_000 + int(self._random() * 12_000)
        if tested > _LAST_TESTED:
            tested = max(end + 1_800, _LAST_TESTED - int(self._random() * 5_400))
        return Report(tube, self._laboratory(tube), result, tested, tube.code, given)

    def _kinds(self, tubes: list[Tube]) -> dict[str, str]:
        order = self._rng.sample(tubes, len(tubes))
        kinds: dict[str, str] = {}
        for kind, rate in _RATES.items():
            wanted = max(1, round(len(tubes) * rate / 1000))
            if wanted > len(tubes) // 4:
                continue
            for tube in order:
                if wanted and tube.code not in kinds and self._suits(kind, tube):
                    kinds[tube.code] = kind
                    wanted -= 1
        return kinds

    def _suits(self, kind: str, tube: Tube) -> bool:
        if kind == "late":
            return tube.last_clock < _LATE_BEFORE
        # Names beside a wrong code would tell which tube was meant.
        return kind != "wrong_code" or self._laboratory(tube) != "masked"

    def _special(self, kind: str, tube: Tube, night: Night) -> None:
        if kind in {"indeterminate", "invalid"}:
            report = self._plain(tube, INDETERMINATE if kind == "indeterminate" else INVALID)
        elif kind == "empty":
            report = self._plain(tube, given="")
            night.pending[tube.code] = "result_empty"
        elif kind == "unreadable":
            report = self._plain(tube, given=GARBAGE[int(self._random() * len(GARBAGE))])
            night.pending[tube.code] = "result_unreadable"
        elif kind == "before_sample":
            report = self._plain(tube)
            report.tested = tube.clock - 7_200
        elif kind == "late":
            report = self._plain(tube)
            report.tested = max(_LAST_TESTED, tube.last_clock + LATE_SECONDS + 60)
        elif kind == "wrong_code":
            report = self._plain(tube)
            # A serial that no team was given.
            report.code = f"{tube.code[:-6]}9{tube.code[-5:]}"
            night.pending[tube.code] = "reported_under_wrong_code"
        else:
            report = self._plain(tube)
            night.mark(kind, report, *self._second(kind, tube, report, night))
            night.reports.append(report)
            return
        night.mark(kind, report)
        night.reports.append(report)

    def _second(self, kind: str, tube: Tube, first: Report, night: Night) -> list[Report]:
        if kind == "foreign_tube":
            # A tube of another township, in the same upload.
            self._strays += 1
            stray = Report(tube, "coded", NEGATIVE, first.tested + 40, f"Z{880_000_000 + self._strays}")
            night.reports.append(stray)
            night.mark("stray", stray)
            return []
        if kind == "repeated":
            other = Report(tube, first.laboratory, first.result, first.tested + 1_200, tube.code)
        else:
            at = LABORATORIES.index(first.laboratory)
            other = Report(tube, LABORATORIES[(at + 2) % 5], POSITIVE, first.tested + 2_400, tube.code)
        night.reports.append(other)
        return [other]

    def _positives(self, tubes: list[Tube], plants: Plants, night: Night) -> set[str]:
        """Two positive pools: one whose members were already swabbed again, one not yet."""
        fitting = [
            tube
            for tube in tubes
            if len(tube.members) > 1
            and not tube.is_over_full
            and not tube.repeated
            and not tube.other_box
            # A tube of people swabbed again after theirs broke would be one thing more to explain.
            and tube.moved_from is None
            and not any(one.number in plants.touched or one.number in plants.unrostered for one in tube.members)
        ]
        if not fitting:
            return set()
        first = max(
            fitting,
            key=lambda tube: (
                tube.members[0].building.is_balanced and len(tube.members) == 10,
                len(tube.members) == 10,
                -tube.clock,
                tube.code,
            ),
        )
        others = [
            tube
            for tube in fitting
            if tube is not first and len(tube.members) >= 5 and not tube.members[0].building.is_balanced
        ]
        self._retested_pool(first, night)
        codes = {first.code}
        if others:
            second = others[int(self._random() * len(others))]
            report = self._plain(second, POSITIVE)
            report.tested = max(report.tested, _LAST_TESTED - 300)
            report.tested = min(report.tested, second.last_clock + 19_000)
            night.reports.append(report)
            night.pools.append(PositivePool(second, report))
            codes.add(second.code)
        return codes

    def _retested_pool(self, tube: Tube, night: Night) -> None:
        report = self._plain(tube, POSITIVE)
        report.tested = tube.last_clock + 9_000
        night.reports.append(report)
        pool = PositivePool(tube, report)
        pool.retests = self._sampler.retest(tube, report.tested + 2_400, 1)
        case = int(self._random() * len(tube.members))
        pool.cases.add(tube.members[case].number)
        for at, single in enumerate(pool.retests):
            result = POSITIVE if at == case else NEGATIVE
            # The clock of a late pool may leave no night for the laboratory; its retests still come.
            tested = min(single.clock + 5_400, ROUND_SECONDS - 900)
            night.reports.append(Report(single, self._laboratory(tube), result, tested, single.code))
        night.retests += pool.retests
        night.pools.append(pool)

"""The right answer for one township, told to the truth file once all rows are written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lianfang.demo.people import Person, Township
from lianfang.demo.plants import Plants
from lianfang.demo.reporting import Night
from lianfang.demo.rosters import RosterRefs
from lianfang.demo.samples import SampleRefs
from lianfang.demo.sheets import Ref
from lianfang.demo.truth import TruthWriter, refs_json
from lianfang.demo.tubes import Evening, Tube

Item = dict[str, Any]
COUNTED = ("expected", "exempt", "away", "sampled", "missing")


def missing_people(township: Township, plants: Plants, evening: Evening) -> dict[int, str]:
    """Residents who gave no usable swab and are neither exempt nor away, with why."""
    missing = dict(plants.missing)
    for tube in evening.tubes:
        if tube.is_void:
            for person in tube.members:
                number = person.number
                if number not in evening.sampled and number < len(township.people):
                    missing[number] = "void_tube"
    return missing


@dataclass(slots=True)
class Verdict:
    """Everything that is true of one township, and where its rows stand."""

    township: Township
    plants: Plants
    evening: Evening
    night: Night
    missing: dict[int, str]
    roster: RosterRefs
    samples: SampleRefs
    exempt_rows: dict[int, list[Ref]]

    def tell(self, truth: TruthWriter) -> dict[str, int]:
        """Write buildings and planted errors; return the township's totals."""
        totals = self._buildings(truth)
        for kind, items in (
            *self._people(),
            *self._roster_errors(),
            *self._sample_errors(),
            *self._tube_errors(),
            *self._result_errors(),
        ):
            truth.planted(kind, items)
        return totals

    def _person(self, number: int, **more: Any) -> Item:
        return {"person": self.township.first_number + number, **more}

    def _rows(self, refs: Mapping[int, list[Ref]], number: int) -> list[dict[str, str | int]]:
        return refs_json(refs.get(number, ()))

    def _status(self, person: Person) -> str:
        number = person.number
        if number in self.evening.sampled:
            return "sampled"
        if number in self.plants.exempt:
            return "exempt"
        if number in self.plants.away:
            return "away"
        if number not in self.missing:
            raise AssertionError(f"resident {number} has no fate: the generator lost somebody")
        return "missing"

    def _buildings(self, truth: TruthWriter) -> dict[str, int]:
        totals = dict.fromkeys(COUNTED, 0)
        lines = []
        for building in self.township.buildings:
            counts = dict.fromkeys(COUNTED, 0)
            counts["expected"] = building.people
            first = building.first_person
            for person in self.township.people[first : first + building.people]:
                counts[self._status(person)] += 1
            for name in COUNTED:
                totals[name] += counts[name]
            lines.append(
                {
                    "township": building.township,
                    "community": building.community,
                    "compound": building.compound,
                    "building": str(building.number),
                    "kind": "village_group" if building.is_village else "building",
                    "first_person": self.township.first_number + first,
                    "households": len(building.sizes),
                    **counts,
                }
            )
        truth.line({"buildings": lines})
        return totals

    def _people(self) -> Iterable[tuple[str, list[Item]]]:
        plants, roster = self.plants, self.roster.rows
        yield (
            "missing",
            [
                self._person(number, why=why, rows=self._rows(roster, number))
                for number, why in sorted(self.missing.items())
            ],
        )
        for kind in ("away", "exempt", "exempt_sampled", "exempt_without_reason"):
            numbers = sorted(getattr(plants, kind))
            yield (
                kind,
                [
                    self._person(
                        number,
                        reason=plants.reasons[number],
                        rows=self._rows(roster, number) + self._rows(self.exempt_rows, number),
                    )
                    for number in numbers
                ],
            )
        yield (
            "unrostered",
            [
                self._person(number, rows=self._rows(self.samples.people, number))
                for number in sorted(plants.unrostered)
                if number in self.evening.sampled
            ],
        )

    def _roster_errors(self) -> Iterable[tuple[str, list[Item]]]:
        plants, roster = self.plants, self.roster.rows
        kinds: tuple[tuple[str, Iterable[int]], ...] = (
            ("same_sheet", plants.roster_same_sheet),
            ("other_building", plants.roster_other_building),
            ("other_name", plants.roster_other_name),
        )
        yield (
            "roster_duplicate",
            [
                self._person(number, how=how, rows=self._rows(roster, number))
                for how, numbers in kinds
                for number in sorted(numbers)
            ],
        )
        yield (
            "phone_shared",
            [
                {
                    "people": [self.township.first_number + number for number in group],
                    "phone": self.township.people[group[0]].phone,
                    "rows": [ref for number in group for ref in self._rows(roster, number)],
                }
                for group in plants.shared_phones
                if len(group) >= 4
            ],
        )
        unreadable = (("id_number", plants.roster_id_lost_digits), ("phone", plants.roster_phone_short))
        yield (
            "unreadable_cell",
            [
                self._person(number, field=name, rows=self._rows(roster, number))
                for name, numbers in unreadable
                for number in sorted(numbers)
            ],
        )

    def _sample_errors(self) -> Iterable[tuple[str, list[Item]]]:
        plants, roster, samples = self.plants, self.roster.rows, self.samples.people
        yield (
            "identity_names",
            [
                self._person(number, where="roster", rows=self._rows(roster, number))
                for number in sorted(plants.roster_other_name)
            ]
            + [
                self._person(number, where="samples", rows=self._rows(roster, number) + self._rows(samples, number))
                for number in sorted(plants.sample_other_name)
            ],
        )
        digits = (("roster", plants.roster_id_digit), ("samples", plants.sample_id_digit))
        yield (
            "id_digit",
            [
                self._person(
                    number,
                    where=where,
                    given=given,
                    rows=self._rows(roster if where == "roster" else samples, number),
                )
                for where, wrong in digits
                for number, given in sorted(wrong.items())
            ],
        )
        yield (
            "name_mistaken",
            [
                self._person(number, given=given, rows=self._rows(samples, number))
                for number, given in sorted(plants.sample_name_mistaken.items())
            ],
        )
        yield (
            "sample_without_id",
            [self._person(number, rows=self._rows(samples, number)) for number in sorted(plants.sample_without_id)],
        )

    def _tube_errors(self) -> Iterable[tuple[str, list[Item]]]:
        tubes = self.evening.tubes
        yield (
            "sample_duplicate",
            [
                self._person(number, tube=tube.code, rows=self._rows(self.samples.people, number))
                for tube in tubes
                for number in tube.repeated
            ],
        )
        where: dict[int, list[str]] = {number: [] for number in sorted(self.plants.two_tubes)}
        for tube in tubes:
            for person in tube.members:
                if person.number in where:
                    where[person.number].append(tube.code)
        yield (
            "two_tubes",
            [
                self._person(number, tubes=codes, rows=self._rows(self.samples.people, number))
                for number, codes in where.items()
                if len(set(codes)) > 1
            ],
        )
        yield "over_full", [self._tube(tube) for tube in tubes if tube.is_over_full]
        yield "two_boxes", [self._tube(tube) for tube in tubes if tube.other_box]
        yield "void_tube", [self._tube(tube) for tube in tubes if tube.is_void]
        yield "clock_in_future", [self._tube(tube) for tube in tubes if tube.wrong_clock]

    def _tube(self, tube: Tube, **more: Any) -> Item:
        base = self.township.first_number
        return {
            "tube": tube.code,
            "people": [base + person.number for person in tube.members],
            **more,
            "rows": refs_json(self.samples.tubes.get(tube.code, ())),
        }

    def _result_errors(self) -> Iterable[tuple[str, list[Item]]]:
        night = self.night
        yield "pending", [{"tube": code, "why": why} for code, why in sorted(night.pending.items())]
        names = {
            "contradicted": "contradiction",
            "repeated": "repeated_result",
            "late": "late_result",
            "before_sample": "result_before_sample",
            "indeterminate": "indeterminate",
            "invalid": "invalid",
            "void_result": "void_result",
            "empty": "empty_result",
            "unreadable": "unreadable_result",
        }
        for kind, name in names.items():
            yield name, [self._reports(group) for group in night.special.get(kind, ())]
        unmatched: Sequence[list[Any]] = [
            *night.special.get("wrong_code", ()),
            *night.special.get("stray", ()),
        ]
        yield (
            "unmatched_result",
            [
                {"tube": group[0].code, "meant": group[0].tube.code, "rows": refs_json(group[0].refs)}
                if not group[0].code.startswith("Z")
                else {"tube": group[0].code, "rows": refs_json(group[0].refs)}
                for group in unmatched
            ],
        )
        yield "positive_pool", [self._pool(at) for at in range(len(night.pools))]

    def _reports(self, group: Sequence[Any]) -> Item:
        return {
            "tube": group[0].tube.code,
            "results": [report.result if report.given is None else "" for report in group],
            "laboratories": [report.laboratory for report in group],
            "rows": [ref for report in group for ref in refs_json(report.refs)],
        }

    def _pool(self, at: int) -> Item:
        pool = self.night.pools[at]
        base = self.township.first_number
        action: dict[str, str] = {}
        for person in pool.tube.members:
            if not pool.retests:
                what = "resample"
            else:
                what = "case" if person.number in pool.cases else "release"
            action[str(base + person.number)] = what
        retests = {single.code: base + single.members[0].number for single in pool.retests}
        return self._tube(
            pool.tube,
            actions=action,
            retests=retests,
            result_rows=refs_json(pool.report.refs),
        )

"""A second, slow implementation of the decisions, by hand and person by person, sharing no code with the engine.

Facts are lists of rows (dicts) with every column of the contract. It follows docs/algorithms/status.md.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from lianfang.engine.packs import Pack

Row = dict[str, Any]
TOLERANCE = timedelta(minutes=15)
DAY_END = timedelta(days=1) - timedelta(seconds=1)


@dataclass
class Swab:
    person: int
    tube: int
    samples: list[Row]
    earliest: datetime | None
    latest: datetime | None
    recorded: datetime


@dataclass
class Tube:
    people: set[int]
    swabs: list[Swab]
    is_void: bool
    is_single: bool
    results: list[Row]

    def of(self, *outcomes: str) -> list[Row]:
        return [row for row in self.results if row["outcome"] in outcomes]

    @property
    def state(self) -> str:
        positive, negative = self.of("positive"), self.of("negative")
        unclear = self.of("indeterminate", "invalid")
        if positive and negative:
            return "contradicting"
        if positive:
            return "positive"
        if negative and not unclear:
            return "negative"
        if negative:
            last = [[row["known"] for row in rows if row["known"]] for rows in (negative, unclear)]
            return "negative" if last[0] and last[1] and max(last[0]) > max(last[1]) else "unclear"
        return "unclear" if unclear else "pending"


Reason = tuple[str, datetime | None, datetime | None, datetime | None, frozenset[tuple[str, int]]]


class Oracle:
    def __init__(self, facts: dict[str, list[Row]], pack: Pack, as_of: datetime) -> None:
        self.facts, self.as_of = facts, as_of
        self.rules = pack.rules_at(as_of)
        self.emergency_span = pack.emergency_span(as_of)
        self.set_aside: set[tuple[str, int, int | None, str]] = set()
        self.tubes = self._tubes()
        self.unmatched: list[Row] = []
        self._place_results()

    def trusted(self, instant: datetime | None) -> datetime | None:
        return instant if instant is not None and instant <= self.as_of + TOLERANCE else None

    def bounds(self, instant: datetime | None, has_time: bool | None) -> tuple[datetime | None, datetime | None]:
        known = self.trusted(instant)
        if known is None or has_time is not False:
            return known, known
        start = datetime.combine(known.date(), time())
        return start, start + DAY_END

    def is_void(self, row: Row) -> bool:
        return bool(row["is_void"]) and (row["voided_at"] is None or row["voided_at"] <= self.as_of)

    def _tubes(self) -> dict[int, Tube]:
        about = {row["tube_id"]: row for row in self.facts["tubes"]}
        standing: dict[int, dict[int, list[Row]]] = defaultdict(lambda: defaultdict(list))
        seen = set()
        for row in self.facts["samples"]:
            if row["recorded_at"] > self.as_of:
                continue
            key = row["tube_id"] if row["tube_id"] is not None else -1 - row["sample_id"]
            seen.add(key)
            if not self.is_void(row):
                standing[key][row["person_id"]].append(row)
        tubes = {}
        for key in seen:
            swabs = []
            for person, rows in standing[key].items():
                all_bounds = [self.bounds(row["sampled_at"], row["sampled_at_has_time"]) for row in rows]
                early = [bound[0] for bound in all_bounds if bound[0]]
                late = [bound[1] for bound in all_bounds if bound[1]]
                recorded = min(row["recorded_at"] for row in rows)
                swabs.append(Swab(person, key, rows, min(early, default=None), max(late, default=None), recorded))
            tube = about.get(key, {"capacity": None, "is_household": None, "is_void": None, "voided_at": None})
            is_single = len(swabs) <= 1 and not tube["is_household"] and tube["capacity"] in (None, 1)
            is_void = not swabs or self.is_void(tube)
            tubes[key] = Tube(set(standing[key]), swabs, is_void, is_single, [])
        return tubes

    def _place_results(self) -> None:
        rows = {row["result_id"]: row for row in self.facts["results"]}
        for row in self.facts["results"]:
            if row["received_at"] > self.as_of:
                continue
            code, tube = self._judge(row, rows)
            if code is None:
                assert tube is not None
                known = self.trusted(row["tested_at"]) or self.trusted(row["reported_at"])
                tube.results.append({**row, "known": known})
            else:
                self.set_aside.add(("result", row["result_id"], row["person_id"], code))
                if code == "result_person_without_sample" and row["outcome"] == "positive":
                    self.unmatched.append(row)

    def _judge(self, row: Row, rows: dict[int, Row]) -> tuple[str | None, Tube | None]:
        better = rows.get(row["superseded_by"])
        if better is not None and better["received_at"] <= self.as_of:
            order = [(each["received_at"], each["result_id"]) for each in (row, better)]
            if order[1] > order[0]:
                return "result_superseded", None
        if row["withdrawn_at"] is not None and row["withdrawn_at"] <= self.as_of:
            return "result_withdrawn", None
        known_until = self._known_until(row)
        is_told = True
        if row["tube_id"] is not None:
            tube = self.tubes.get(row["tube_id"])
            if tube is None:
                return "result_unknown_tube", None
        elif row["person_id"] is None:
            return "result_of_nobody", None
        else:
            swabs = [swab for each in self.tubes.values() for swab in each.swabs if swab.person == row["person_id"]]
            if not swabs:
                return "result_person_without_sample", None
            before = [s for s in swabs if known_until and s.earliest and known_until >= s.earliest]
            is_told = len(swabs) == 1 or len(before) == 1
            chosen = self._last(before or swabs)
            tube = self.tubes[chosen.tube]
        if not is_told and row["outcome"] != "positive":
            return "result_which_sample", None
        if tube.is_void:
            return "result_void_tube", None
        first = min((swab.earliest for swab in tube.swabs if swab.earliest), default=None)
        if known_until and first and known_until < first - TOLERANCE:
            return "result_before_sample", None
        return None, tube

    def _known_until(self, row: Row) -> datetime | None:
        for name in ("tested_at", "reported_at"):
            if self.trusted(row[name]):
                return self.bounds(row[name], row[f"{name}_has_time"])[1]
        return None

    def _last(self, swabs: list[Swab]) -> Swab:
        timed = [swab for swab in swabs if swab.earliest]
        if timed:
            latest = max(swab.earliest for swab in timed if swab.earliest)
            swabs = [swab for swab in timed if swab.earliest == latest]
        return min(swabs, key=lambda swab: swab.tube)

    # ------------------------------------------------------------------ one person

    def decide(self, person: int) -> list[tuple[str, Reason]]:
        """Every rule that holds for the person, weightiest first: (rule id, reason)."""
        held: list[tuple[int, str, Reason]] = []
        mine = [(s, t) for t in self.tubes.values() if not t.is_void for s in t.swabs if s.person == person]
        troubles = self._troubles(person, mine)
        for entry in self.rules:
            rule = entry.rule
            found = getattr(self, f"_{rule.kind}")(person, entry, mine, troubles)
            if found:
                since = min(each[0] for each in found)
                ends = [each[1] for each in found]
                until = None if None in ends else max(ends)
                sampled = max((each[2] for each in found if each[2]), default=None)
                evidence = frozenset(pair for each in found for pair in each[3])
                held.append((rule.priority, rule.id, (rule.status, since, until, sampled, evidence)))
        held.sort(key=lambda each: -each[0])
        if not held:
            fallback = next(entry.rule for entry in self.rules if entry.rule.kind == "no_recent_result")
            return [(fallback.id, (fallback.status, None, None, None, frozenset()))]
        return [(rule_id, reason) for _, rule_id, reason in held]

    def emergency(self, person: int) -> datetime | None:
        ends = []
        for row in self.facts["overrides"]:
            start = row["starts_at"] or row["recorded_at"]
            is_revoked = row["revoked_at"] is not None and row["revoked_at"] <= self.as_of
            if row["person_id"] != person or row["recorded_at"] > self.as_of or start > self.as_of or is_revoked:
                continue
            end = row["ends_at"] or start + self.emergency_span
            if self.as_of < end:
                ends.append(end)
        return max(ends, default=None)

    def _troubles(self, person: int, mine: list[tuple[Swab, Tube]]) -> list[tuple[Swab, Tube, str, datetime, bool]]:
        negatives = [(s.earliest, t.is_single) for s, t in mine if t.state == "negative" and s.earliest]
        single_positives = [s.earliest for s, t in mine if t.state == "positive" and t.is_single and s.earliest]
        releases = self._releases(person)
        troubles = []
        for swab, tube in mine:
            state = tube.state
            if state in ("negative", "pending"):
                continue
            latest = swab.latest or min(row["received_at"] for row in tube.results)
            has_later = any(instant > latest for instant, _ in negatives)
            if any(release >= latest for release in releases):
                trouble = "settled"
            elif state == "positive" and tube.is_single:
                trouble = "positive"
            elif state == "unclear":
                trouble = "released" if has_later else "unclear"
            elif any(is_single and instant > latest for instant, is_single in negatives):
                trouble = "released"
            elif any(instant > latest for instant in single_positives):
                trouble = "settled"
            else:
                trouble = "held"
            troubles.append((swab, tube, trouble, latest, has_later))
        return troubles

    def _releases(self, person: int) -> list[datetime]:
        return [
            row["released_at"]
            for row in self.facts["cases"]
            if row["person_id"] == person and row["recorded_at"] <= self.as_of and self._is_released(row)
        ]

    def _is_released(self, row: Row) -> bool:
        at = row["released_at"]
        return at is not None and at <= self.as_of and (row["release_recorded_at"] or at) <= self.as_of

    def _anchor(self, entry: Any, **instants: datetime | None) -> datetime | None:
        for name in entry.rule.until.counted_from:
            if instants.get(name) is not None:
                return instants[name]
        return None

    @staticmethod
    def _ids(rows: list[Row]) -> set[tuple[str, int]]:
        return {("result", row["result_id"]) for row in rows}

    def _positive_result(self, person: int, entry: Any, mine: Any, troubles: Any) -> list[Any]:
        found: list[Any] = []
        for swab, tube, trouble, _, _ in troubles:
            if trouble == "positive":
                rows = tube.of("positive")
                found.append((min(r["received_at"] for r in rows), None, swab.earliest, self._ids(rows)))
        for row in self.facts["cases"]:
            if row["person_id"] == person and row["recorded_at"] <= self.as_of and not self._is_released(row):
                since = min(row["confirmed_at"] or row["recorded_at"], row["recorded_at"])
                found.append((since, None, None, {("case", row["case_id"])}))
        return found

    def _hold(self, entry: Any, tube: Tube, trouble: str) -> tuple[datetime, datetime | None] | None:
        """since and until of a hold by this rule, over or not."""
        rule = entry.rule
        state = tube.state
        if rule.kind == "positive_pool_hold":
            if trouble == "held" and state == "positive" and "positive" in (rule.pool_results or ("positive",)):
                rows = tube.of("positive")
            elif trouble == "unclear" and not tube.is_single and "indeterminate" in (rule.pool_results or ()):
                rows = tube.of("indeterminate")
            else:
                return None
            if not rows:
                return None
            since = min(row["received_at"] for row in rows)
        else:
            if trouble != "held" or state != "contradicting":
                return None
            rows = tube.of("positive")
            negative = tube.of("negative")
            since = max(min(row["received_at"] for row in rows), min(row["received_at"] for row in negative))
        if rule.until is None:
            return since, None
        received = min(row["received_at"] for row in rows)
        reported = min((r["reported_at"] for r in rows if self.trusted(r["reported_at"])), default=None)
        start = self._anchor(entry, received_at=received, reported_at=reported) or received
        return since, start + entry.span

    def _positive_pool_hold(self, person: int, entry: Any, mine: Any, troubles: Any) -> list[Any]:
        return self._holding(entry, troubles, ("positive", "indeterminate"))

    def _contradicting_results(self, person: int, entry: Any, mine: Any, troubles: Any) -> list[Any]:
        return self._holding(entry, troubles, ("positive", "negative"))

    def _holding(self, entry: Any, troubles: Any, outcomes: tuple[str, ...]) -> list[Any]:
        found = []
        for swab, tube, trouble, _, _ in troubles:
            hold = self._hold(entry, tube, trouble)
            if hold and (hold[1] is None or self.as_of < hold[1]):
                found.append((hold[0], hold[1], swab.earliest, self._ids(tube.of(*outcomes))))
        return found

    def _unresolved_positive(self, person: int, entry: Any, mine: Any, troubles: Any) -> list[Any]:
        found = []
        holding = [e for e in self.rules if e.rule.kind in ("positive_pool_hold", "contradicting_results")]
        for swab, tube, trouble, _, has_later in troubles:
            if trouble != "held" or has_later:
                continue
            holds = [hold for each in holding if (hold := self._hold(each, tube, trouble))]
            if any(until is None or self.as_of < until for _, until in holds):
                continue
            rows = tube.of("positive")
            ended = max((until for _, until in holds if until), default=None)
            since = ended or min(row["received_at"] for row in rows)
            found.append((since, None, swab.earliest, self._ids(rows)))
        return found

    def _unclear_result(self, person: int, entry: Any, mine: Any, troubles: Any) -> list[Any]:
        found = []
        for swab, tube, trouble, _, _ in troubles:
            if trouble == "unclear":
                rows = tube.of("indeterminate", "invalid")
                found.append((min(r["received_at"] for r in rows), None, swab.earliest, self._ids(rows)))
        return found

    def _unmatched_positive(self, person: int, entry: Any, mine: Any, troubles: Any) -> list[Any]:
        found = []
        for row in self.unmatched:
            at = row["received_at"]
            is_over = any(release >= at for release in self._releases(person))
            if row["person_id"] == person and not is_over:
                found.append((at, None, None, self._ids([row])))
        return found

    def _manual_order(self, person: int, entry: Any, mine: Any, troubles: Any) -> list[Any]:
        found = []
        for row in self.facts["orders"]:
            if row["person_id"] != person or row["rule_id"] != entry.rule.id or row["recorded_at"] > self.as_of:
                continue
            start = row["starts_at"] or row["recorded_at"]
            is_revoked = row["revoked_at"] is not None and row["revoked_at"] <= self.as_of
            two = {row["proposed_by"], row["approved_by"]}
            is_sound = (row["reason"] or "").strip(" ") and None not in two and len(two) == 2
            if is_revoked or not is_sound or row["ends_at"] is None or row["ends_at"] <= start:
                continue
            until = min(row["ends_at"], start + entry.span)
            if start <= self.as_of < until:
                found.append((start, until, None, {("order", row["order_id"])}))
        return found

    def _negative_result(self, person: int, entry: Any, mine: Any, troubles: Any) -> list[Any]:
        block = max((latest for _, _, t, latest, _ in troubles if t in ("positive", "held", "unclear")), default=None)
        found: list[Any] = []
        for swab, tube in mine:
            if tube.state != "negative" or (block and not (swab.earliest and swab.earliest > block)):
                continue
            rows = tube.of("negative")

            def first(name: str, rows: list[Row] = rows) -> datetime | None:
                return min((row[name] for row in rows if self.trusted(row[name])), default=None)

            start = self._anchor(
                entry, tested_at=first("tested_at"), sampled_at=swab.earliest, reported_at=first("reported_at")
            )
            if start is None or self.as_of >= start + entry.span:
                continue
            evidence = {("result", min(row["result_id"] for row in rows))}
            since = min(row["received_at"] for row in rows)
            key = (start + entry.span, swab.earliest or datetime.min, -swab.tube)
            found.append((key, (since, start + entry.span, swab.earliest, evidence)))
        return [max(found, key=lambda each: each[0])[1]] if found else []

    def _test_overdue(self, person: int, entry: Any, mine: Any, troubles: Any) -> list[Any]:
        found = []
        for row in self.facts["obligations"]:
            if row["person_id"] != person or max(row["recorded_at"], row["ended_at"]) > self.as_of:
                continue
            if row["withdrawn_at"] is not None and row["withdrawn_at"] <= self.as_of:
                continue
            until = None if entry.span is None else row["recorded_at"] + entry.span
            if until is not None and self.as_of >= until:
                continue
            if any(self._meets(row, sample) for swab, _ in mine for sample in swab.samples):
                continue
            found.append((row["recorded_at"], until, None, {("obligation", row["round_id"])}))
        return found

    def _meets(self, obligation: Row, sample: Row) -> bool:
        earliest = self.bounds(sample["sampled_at"], sample["sampled_at_has_time"])[0]
        is_later = earliest is not None and earliest > obligation["ended_at"]
        return is_later or sample["round_id"] == obligation["round_id"]

    def _result_pending(self, person: int, entry: Any, mine: Any, troubles: Any) -> list[Any]:
        found = []
        for swab, tube in mine:
            if tube.state != "pending":
                continue
            start = self._anchor(entry, sampled_at=swab.earliest, recorded_at=swab.recorded) or swab.recorded
            if self.as_of < start + entry.span:
                evidence = {("sample", min(row["sample_id"] for row in swab.samples))}
                found.append((swab.recorded, start + entry.span, swab.earliest, evidence))
        return found

    def _no_recent_result(self, person: int, entry: Any, mine: Any, troubles: Any) -> list[Any]:
        return []

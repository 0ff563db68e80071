"""The oracle for categories, areas, guards and tests due: by hand, day by day, sharing no code with the engine.

It follows docs/algorithms/status.md. Superseded packs are given as a chain, the one in force first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from lianfang.engine.packs import Pack
from tests.engine.status.oracle import Oracle, Row

ELAPSED = {
    "age_years": ("born", "years"),
    "vaccinated_within_hours": ("vaccinated", "hours"),
    "onset_days": ("onset", "days"),
    "fever_free_hours": ("fever_ended", "hours"),
}
SEVERITY = {None: 0, "green": 0, "unknown": 1, "yellow": 2, "red": 3}
Said = tuple[Any, ...]


@dataclass
class Held:
    """One way in which a rule holds: ``key`` keeps apart several of one rule."""

    priority: int
    key: str
    rule: str
    status: str
    reason: str
    fact: str | None
    found: list[Any]


def midnight(day: date, plus: int = 0) -> datetime:
    return datetime.combine(day, time()) + timedelta(days=plus)


class PeopleOracle(Oracle):
    def __init__(self, facts: dict[str, list[Row]], pack: Pack, as_of: datetime, chain: tuple[Pack, ...] = ()) -> None:
        super().__init__(facts, pack, as_of)
        self.chain = (pack, *chain)
        self.moments = []
        for each in self.chain:
            to = each.manifest.effective.to
            self.moments.append(as_of if to is None or as_of < to else to - timedelta(seconds=1))

    def say(self, person: int) -> list[Said]:
        """All that holds, weightiest first: rule, reason, missing fact, status, since, until, swab, evidence."""
        held = [each for group in (self._plain(person), self._stages(person), self._areas(person)) for each in group]
        said = []
        for each in held:
            if not each.found:
                continue
            since = min(row[0] for row in each.found)
            ends = [row[1] for row in each.found]
            until = None if None in ends else max(ends)
            sampled = max((row[2] for row in each.found if row[2]), default=None)
            order = (-each.priority, -(until or datetime.max).timestamp(), each.key)
            said.append((order, (each.rule, each.reason, each.fact, each.status, since, until, sampled)))
        if not said:
            rule = next(entry.rule for entry in self.rules if entry.rule.kind == "no_recent_result")
            return [(rule.id, rule.reason, None, rule.status, None, None, None)]
        return [entry for _, entry in sorted(said, key=lambda one: one[0])]

    def shown(self, person: int) -> set[tuple[str, str, int]]:
        """The evidence: rule, table, id; with what guards read of those whom something is said of."""
        held = [each for group in (self._plain(person), self._stages(person), self._areas(person)) for each in group]
        pairs = {(each.rule, *pair) for each in held for row in each.found for pair in row[3]}
        guards = {entry.rule.id: entry.when for entry in self.rules if entry.when is not None}
        for rule in {each.rule for each in held if each.found and each.rule in guards}:
            for name in self._names(guards[rule]):
                row = self._row_of(person, name)
                if row is not None:
                    pairs.add((rule, "person_fact", row["person_fact_id"]))
        return pairs

    # ------------------------------------------------------------------ rules and their guards

    def _plain(self, person: int) -> list[Held]:
        mine = [(s, t) for t in self.tubes.values() if not t.is_void for s in t.swabs if s.person == person]
        troubles = self._troubles(person, mine)
        held = []
        for entry in self.rules:
            if entry.rule.kind in ("category_stage", "area_level", "manual_order"):
                continue
            found = getattr(self, f"_{entry.rule.kind}")(person, entry, mine, troubles)
            held += self._guarded(person, entry, entry.rule.id, entry.rule, found)
        return held + self._orders(person)

    def _guarded(self, person: int, entry: Any, key: str, words: Any, found: list[Any], prefix: str = "") -> list[Held]:
        rule = entry.rule
        verdict, lacking = (True, None) if entry.when is None else self.judge(person, entry.when)
        if verdict is True:
            return [Held(rule.priority, prefix + key, prefix + rule.id, rule.status, words.reason, None, found)]
        if verdict is None and rule.status != "green":
            name = prefix + key + "?" + str(lacking)
            return [Held(rule.priority, name, prefix + rule.id, "unknown", "fact_missing", lacking, found)]
        return []

    def judge(self, person: int, guard: Any) -> tuple[bool | None, str | None]:
        """Kleene's value, and the first fact for want of which it is None."""
        parts: list[tuple[bool | None, str | None]] = []
        if guard.fact is not None:
            parts.append(self._compare(person, guard))
        if guard.all_:
            parts.append(self._both([self.judge(person, part) for part in guard.all_]))
        if guard.any_:
            inner = [self.judge(person, part) for part in guard.any_]
            value, lacking = self._both([(None if v is None else not v, name) for v, name in inner])
            parts.append((None if value is None else not value, lacking))
        if guard.not_ is not None:
            value, lacking = self.judge(person, guard.not_)
            parts.append((None if value is None else not value, lacking))
        return self._both(parts)

    @staticmethod
    def _both(parts: list[tuple[bool | None, str | None]]) -> tuple[bool | None, str | None]:
        if any(value is False for value, _ in parts):
            return False, None
        unknown = [name for value, name in parts if value is None]
        return (None, unknown[0]) if unknown else (True, None)

    def _compare(self, person: int, guard: Any) -> tuple[bool | None, str | None]:
        value = self._value(person, guard.fact)
        if value is None:
            return None, guard.fact
        if guard.is_ is not None:
            wanted = guard.is_ if isinstance(guard.is_, str) else float(guard.is_)
            return value == wanted, None
        is_enough = guard.at_least is None or value >= guard.at_least
        return is_enough and (guard.at_most is None or value <= guard.at_most), None

    def _names(self, guard: Any) -> set[str]:
        own = {guard.fact} if guard.fact else set()
        parts = [*(guard.all_ or ()), *(guard.any_ or ()), *([guard.not_] if guard.not_ else [])]
        return own.union(*(self._names(part) for part in parts))

    def _row_of(self, person: int, fact: str) -> Row | None:
        name = ELAPSED.get(fact, (fact, ""))[0]
        rows = []
        for row in self.facts["person_facts"]:
            is_known = row["recorded_at"] <= self.as_of and not self._is_past(row["withdrawn_at"])
            is_true = not (row["from_at"] and row["from_at"] > self.as_of) and not self._is_past(row["to_at"])
            if row["person_id"] == person and row["fact"] == name and is_known and is_true:
                rows.append(row)
        if fact in ELAPSED:
            key = lambda row: (row["from_at"] or datetime.min, row["recorded_at"], row["person_fact_id"])  # noqa: E731
        else:
            key = lambda row: (row["recorded_at"], row["person_fact_id"])  # noqa: E731
        return max(rows, key=key, default=None)

    def _is_past(self, instant: datetime | None) -> bool:
        return instant is not None and instant <= self.as_of

    def _value(self, person: int, fact: str) -> Any:
        row = self._row_of(person, fact)
        if row is None:
            return None
        if fact not in ELAPSED:
            return row["word"] if fact == "occupation" else row["number"]
        at = row["from_at"]
        if at is None:
            return None
        unit = ELAPSED[fact][1]
        if unit == "hours":
            return (self.as_of - at).total_seconds() / 3600
        if unit == "days":
            return (self.as_of.date() - at.date()).days
        today, then = self.as_of.date(), at.date()
        return today.year - then.year - ((today.month, today.day) < (then.month, then.day))

    # ------------------------------------------------------------------ orders of other packs

    def _orders(self, person: int) -> list[Held]:
        held: dict[str, Held] = {}
        for row in self.facts["orders"]:
            opened = self._index(row["opened_under"])
            if row["person_id"] != person or opened is None:
                continue
            entry, by, span = self._order_rule(0, opened, row["rule_id"])
            if entry is None:
                continue
            as_given = dict(row, rule_id=entry.rule.id)
            found = self._order_found(as_given, span)
            prefix = f"{self.chain[by].id}:" if by else ""
            for each in self._guarded(person, entry, entry.rule.id, entry.rule, found, prefix):
                held.setdefault(each.key, each).found = [*held[each.key].found, *found] if each.key in held else found
        return list(held.values())

    def _order_found(self, row: Row, span: timedelta | None) -> list[Any]:
        if row["recorded_at"] > self.as_of or self._is_past(row["revoked_at"]):
            return []
        start = row["starts_at"] or row["recorded_at"]
        two = {row["proposed_by"], row["approved_by"]}
        is_sound = (row["reason"] or "").strip(" ") and None not in two and len(two) == 2
        if not is_sound or row["ends_at"] is None or row["ends_at"] <= start:
            return []
        until = row["ends_at"] if span is None else min(row["ends_at"], start + span)
        return [(start, until, None, {("order", row["order_id"])})] if start <= self.as_of < until else []

    def _order_rule(self, by: int, opened: int, rule_id: str | None) -> tuple[Any, int, timedelta | None]:
        rules = self.chain[by].rules_at(self.moments[by])
        entry = next((e for e in rules if e.rule.id == rule_id and e.rule.kind == "manual_order"), None)
        if by == opened:
            return entry, by, None if entry is None else entry.span
        what = self.chain[by].manifest.transition.rule
        if what == "keep":
            return self._order_rule(by + 1, opened, rule_id)
        if entry is None or what == "convert":
            known = self._order_rule(opened, opened, rule_id)[0]
            return (entry if known else None), by, None if entry is None else entry.span
        before, _, span = self._order_rule(by + 1, opened, rule_id)
        return (entry if before else None), by, min(entry.span, span) if span else entry.span

    # ------------------------------------------------------------------ categories, day by day

    def _index(self, opened: str | None) -> int | None:
        if opened is None or opened == self.chain[0].id:
            return 0
        return next((n for n, pack in enumerate(self.chain) if pack.id == opened), None)

    def _days(self, by: int, opened: int, category: str) -> list[tuple[int, Any]]:
        """One entry per day from day 1: which pack's stage it belongs to."""
        pack, at = self.chain[by], self.moments[by]
        found = pack.categories_at(at).get(category)  # type: ignore[call-overload]
        own = [] if found is None else [(by, stage) for stage in found.stages for _ in range(stage.days)]
        what = pack.manifest.transition.rule
        if by == opened or what == "convert":
            return own
        before = self._days(by + 1, opened, category)
        if what == "keep":
            return before
        days: list[tuple[int, Any]] = []
        for entry in own:
            weight = SEVERITY[entry[1].stage.status]
            heavy = [day for day, (_, stage) in enumerate(before, 1) if SEVERITY[stage.stage.status] >= weight]
            if len(days) + 1 <= max(heavy, default=len(before)):
                days.append(entry)
        return days

    def _exposures(self, person: int) -> list[tuple[Row, datetime, list[tuple[int, Any]], int]]:
        found = []
        for row in self.facts["exposures"]:
            opened = self._index(row["opened_under"])
            if row["person_id"] != person or row["recorded_at"] > self.as_of or opened is None:
                continue
            if self._is_past(row["withdrawn_at"]) or self._is_past(row["closed_at"]):
                continue
            if row["category"] not in self.chain[opened].categories_at(self.moments[opened]):
                continue
            known = max(row["recorded_at"], row["opened_at"] or row["recorded_at"])
            found.append((row, known, self._days(0, opened, row["category"]), opened))
        return found

    def _stages(self, person: int) -> list[Held]:
        held: dict[str, Held] = {}
        for row, known, days, _ in self._exposures(person):
            if not days:
                continue
            today = (self.as_of.date() - row["anchor_on"]).days
            if today > len(days):
                entries = self._awaited(person, row, known, days)
            elif today >= 1 and known <= self.as_of:
                by, stage = days[today - 1]
                its = [day for day, (_, each) in enumerate(days, 1) if each.stage.id == stage.stage.id]
                since = max(midnight(row["anchor_on"], its[0]), known)
                until = midnight(row["anchor_on"], its[-1] + 1)
                found = [(since, until, None, {("exposure", row["exposure_id"])})]
                entries = self._by_status(person, by, stage.stage.status, row["category"], stage.stage, found)
            else:
                entries = []
            for each in entries:
                if each.key in held:
                    held[each.key].found += each.found
                else:
                    held[each.key] = each
        return list(held.values())

    def _by_status(self, person: int, by: int, status: str | None, category: str, words: Any, found: Any) -> list[Held]:
        pack = self.chain[by]
        entries = []
        for entry in pack.rules_at(self.moments[by]):
            if entry.rule.kind == "category_stage" and entry.rule.status == status:
                key = f"{entry.rule.id}/{category}/{words.id}"
                entries += self._guarded(person, entry, key, words, list(found), f"{pack.id}:" if by else "")
        return entries

    def _awaited(self, person: int, row: Row, known: datetime, days: list[tuple[int, Any]]) -> list[Held]:
        by = days[0][0]
        pack = self.chain[by]
        release = pack.categories_at(self.moments[by])[row["category"]].release
        over = midnight(row["anchor_on"], len(days) + 1)
        rules = [e for e in pack.rules_at(self.moments[by]) if e.rule.kind == "category_stage"]
        entry = next((each for each in rules if each.rule.status == "unknown"), None)
        if release is None or entry is None or known >= over or self._is_released_from(person, row, days, release):
            return []
        found = [(over, None, None, {("exposure", row["exposure_id"])})]
        key = f"{entry.rule.id}/{row['category']}/release"
        prefix = f"{pack.id}:" if by else ""
        status, rule = entry.rule.status, entry.rule
        return [Held(rule.priority, prefix + key, prefix + rule.id, status, release.reason, None, found)]

    def _test_days(self, days: list[tuple[int, Any]]) -> list[tuple[int, str]]:
        """Days on which a test falls, counted from day 0, with the stage."""
        tests, first = [], {}
        for day, (_, stage) in enumerate(days, 1):
            first.setdefault(stage.stage.id, day)
            if day - first[stage.stage.id] + 1 in stage.stage.test_days:
                tests.append((day, stage.stage.id))
        return tests

    def _is_released_from(self, person: int, row: Row, days: list[tuple[int, Any]], release: Any) -> bool:
        tests = [day for day, _ in self._test_days(days)] or [1]
        mine = [s for t in self.tubes.values() if not t.is_void and t.state == "negative" for s in t.swabs]
        swabs = [s for s in mine if s.person == person and s.earliest]

        def since(day: int) -> list[Any]:
            return [s for s in swabs if s.earliest >= midnight(row["anchor_on"], day)]

        is_last = bool(since(max(tests)))
        swab_days = {s.earliest.date() for s in since(1)}
        apart = since(min(tests))
        two = any(b.earliest - a.latest >= timedelta(hours=24) for a in apart for b in apart)
        met = {
            "last_test_negative": is_last,
            "all_tests_negative": is_last and len(swab_days) >= len(tests),
            "two_tests_negative": two,
            "case_released": any(each >= midnight(row["anchor_on"]) for each in self._releases(person)),
        }
        if release.when is not None and self.judge(person, release.when)[0] is not True:
            return False
        return all(met[need] for need in release.needs or ())

    # ------------------------------------------------------------------ areas

    def _areas(self, person: int) -> list[Held]:
        held = []
        levels = {each.level.id: each for each in self.chain[0].levels_at(self.as_of)}
        for entry in self.rules:
            if entry.rule.kind != "area_level":
                continue
            for name in [name for name, each in levels.items() if each.level.status_rule == entry.rule.id]:
                found = self._lived_under(person, name, entry.span)
                held += self._guarded(person, entry, f"{entry.rule.id}/{name}", entry.rule, found)
        return held

    def _end_known(self, row: Row) -> datetime | None:
        known = row["to_recorded_at"] or row["to_at"]
        return row["to_at"] if known is not None and known <= self.as_of else None

    def _lived_under(self, person: int, level: str, span: timedelta | None) -> list[Any]:
        inside = {(row["place_id"], row["ancestor_id"]) for row in self.facts["place_ancestors"]}
        found = []
        for home in self.facts["residencies"]:
            ends = self._end_known(home)
            start = max(home["recorded_at"], home["from_at"] or home["recorded_at"])
            if home["person_id"] != person or start > self.as_of or (ends and ends <= self.as_of):
                continue
            for row in self.facts["area_levels"]:
                lowered = self._end_known(row)
                is_there = (home["place_id"], row["place_id"]) in inside and row["level"] == level
                if not is_there or max(row["recorded_at"], row["from_at"]) > self.as_of:
                    continue
                limit = None if span is None else row["from_at"] + span
                until = min((each for each in (lowered, ends, limit) if each), default=None)
                if until is None or self.as_of < until:
                    since = max(start, row["recorded_at"], row["from_at"])
                    found.append((since, until, None, {("area_level", row["level_id"])}))
        return found

    # ------------------------------------------------------------------ tests due of exposures

    def tests(self, person: int) -> set[tuple[str, str, date, str]]:
        """Category, stage, day, state."""
        mine = [s for t in self.tubes.values() if not t.is_void for s in t.swabs if s.person == person]
        due = set()
        for row, known, days, _ in self._exposures(person):
            if not days or self.as_of >= midnight(row["anchor_on"], len(days) + 1) or known > self.as_of:
                continue
            for day, stage in self._test_days(days):
                start, end = midnight(row["anchor_on"], day), midnight(row["anchor_on"], day + 1)
                if known < end:
                    done = any(s.earliest and s.earliest >= start and s.latest < end for s in mine)
                    maybe = any(s.earliest is None and s.recorded >= start for s in mine)
                    late = "unknown" if maybe else "overdue"
                    state = "done" if done else "due" if self.as_of < end else late
                    due.add((row["category"], stage, start.date(), state))
        return due

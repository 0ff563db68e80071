"""``lianfang demo-data --score``: how much of the planted truth an answer found, and what it made up.

Everything is compared by rows of the files: the answer names its sources, the truth knows whom each row is
about. So a program may call people what it likes. What is compared stands in one table, ``KINDS``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lianfang.demo.truth import Truth, read_truth

ANSWER_SCHEMA = "lianfang.reconcile/1"
TOTALS = ("expected", "exempt", "away", "sampled", "missing")
Entry = Mapping[str, Any]
Found = set[Hashable]


class NotAnAnswerError(ValueError):
    """The file is no answer of ``lianfang reconcile --json`` version 1."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One thing to compare.

    ``planted`` and ``answered`` give comparable things (person numbers, tube codes, or pairs of them).
    ``tolerated`` are things that an answer may list or leave out: reasonable programs differ there.
    """

    name: str
    planted: Callable[[Truth], Found]
    answered: Callable[[Entry, Truth], Found]
    tolerated: Callable[[Truth], Found] = lambda truth: set()


@dataclass(frozen=True, slots=True)
class Score:
    """``expected`` things were planted, ``answered`` were named, ``right`` are both."""

    name: str
    expected: int
    answered: int
    right: int
    lost: tuple[str, ...]
    invented: tuple[str, ...]

    @property
    def precision(self) -> float:
        """1 where nothing was named: nothing was named wrongly."""
        return self.right / self.answered if self.answered else 1.0

    @property
    def recall(self) -> float:
        """1 where nothing was planted."""
        return self.right / self.expected if self.expected else 1.0


@dataclass(frozen=True, slots=True)
class Count:
    """One number of the answer against the true one; ``answered`` is None where the answer has none."""

    name: str
    expected: int
    answered: int | None

    @property
    def is_right(self) -> bool:
        return self.expected == self.answered


@dataclass(frozen=True, slots=True)
class Scores:
    """The whole comparison. ``counts`` are the township's totals, then buildings found and fully right."""

    people: int
    seed: int
    kinds: tuple[Score, ...]
    counts: tuple[Count, ...]

    def kind(self, name: str) -> Score:
        return next(score for score in self.kinds if score.name == name)

    def count(self, name: str) -> Count:
        return next(count for count in self.counts if count.name == name)

    @property
    def is_perfect(self) -> bool:
        return all(score.precision == score.recall == 1.0 for score in self.kinds) and all(
            count.is_right for count in self.counts
        )


def _sources(entry: Entry) -> list[Entry]:
    return list(entry.get("sources", ()))


def people_of(entry: Entry, truth: Truth) -> Found:
    """Whom an entry's sources are about; an entry about nobody known is one wrong thing, not none."""
    people: Found = {person for source in _sources(entry) if (person := truth.person(source)) is not None}
    return people or {("nobody", str(entry.get("person_key") or entry.get("name") or entry))}


def _tube(entry: Entry) -> str | None:
    return entry.get("tube_code") or None


Place = tuple[str, frozenset[str]]
"""A section of the answer, and the kinds of entries in it that are meant; none: all."""


def _at(section: str, *kinds: str) -> Place:
    return section, frozenset(kinds)


def _entries(answer: Entry, places: Iterable[Place]) -> Iterator[Entry]:
    for section, kinds in places:
        for entry in answer.get(section, ()):
            if not kinds or entry.get("kind") in kinds or entry.get("state") in kinds:
                yield entry


def _people_in(*places: Place) -> Callable[[Entry, Truth], Found]:
    def answered(answer: Entry, truth: Truth) -> Found:
        found: Found = set()
        for entry in _entries(answer, places):
            found |= people_of(entry, truth)
        return found

    return answered


def _tubes_in(*places: Place) -> Callable[[Entry, Truth], Found]:
    # A result for a person without any tube is another matter, and has no code to compare.
    return lambda answer, truth: {tube for entry in _entries(answer, places) if (tube := _tube(entry)) is not None}


def _people_planted(*kinds: str) -> Callable[[Truth], Found]:
    def planted(truth: Truth) -> Found:
        found: Found = set()
        for kind in kinds:
            for item in truth.planted[kind]:
                found.update(item["people"] if "person" not in item else (item["person"],))
        return found

    return planted


def _tubes_planted(*kinds: str) -> Callable[[Truth], Found]:
    return lambda truth: {item["tube"] for kind in kinds for item in truth.planted[kind]}


def _retest_tubes(truth: Truth) -> Found:
    return {code for pool in truth.planted["positive_pool"] for code in pool["retests"]}


def _positive_extras(truth: Truth) -> Found:
    """A contradicted tube may stand among the positive; so may the retest that found the case."""
    return _tubes_planted("contradiction")(truth) | _retest_tubes(truth)


def _pool_people_planted(truth: Truth) -> Found:
    return {
        (pool["tube"], int(person), action)
        for pool in truth.planted["positive_pool"]
        for person, action in pool["actions"].items()
    }


# What a program may call what must happen to a member of a positive pool.
ACTIONS = {
    "release": frozenset(("release", "released")),
    "case": frozenset(("case", "report_case")),
    "resample": frozenset(("resample", "hold_and_sample_singly")),
}


def _pool_people_answered(answer: Entry, truth: Truth) -> Found:
    pools = _tubes_planted("positive_pool")(truth)
    found: Found = set()
    for pool in answer.get("positive_pools", ()):
        tube = _tube(pool)
        if tube not in pools:
            continue
        for member in pool.get("people", ()):
            said = str(member.get("action"))
            action = next((name for name, words in ACTIONS.items() if said in words), said)
            found |= {(tube, person, action) for person in people_of(member, truth)}
    return found


def _pending_tolerated(truth: Truth) -> Found:
    """Clerks differ on results that need a second look, and on tubes that exist only as their repetition."""
    return _tubes_planted("result_before_sample", "indeterminate", "invalid", "contradiction", "clock_in_future")(truth)


def _kinds() -> Iterator[Kind]:
    """The table. A list may stand in a section of its own, or among the conflicts under its kind."""
    people, tubes = _people_planted, _tubes_planted
    yield Kind("missing", people("missing"), _people_in(_at("missing")))
    yield Kind("pending", tubes("pending"), _tubes_in(_at("pending")), _pending_tolerated)
    yield Kind("unmatched_results", tubes("unmatched_result"), _tubes_in(_at("unmatched_results")))
    yield Kind("positive_pools", tubes("positive_pool"), _tubes_in(_at("positive_pools")), _positive_extras)
    yield Kind("positive_people", _pool_people_planted, _pool_people_answered)
    yield Kind("contradictions", tubes("contradiction"), _tubes_in(_at("contradictions")))
    yield Kind("unrostered", people("unrostered"), _people_in(_at("unrostered")))
    yield Kind("roster_duplicates", people("roster_duplicate"), _people_in(_at("duplicates", "roster")))
    yield Kind("sample_duplicates", people("sample_duplicate"), _people_in(_at("duplicates", "sample")))
    yield Kind("repeated", tubes("repeated_result"), _tubes_in(_at("repeated"), _at("duplicates", "result")))
    for name, planted, kinds in _CONFLICTS:
        yield Kind(name, people(planted), _people_in(_at("conflicts", *kinds)))
    for name, planted, sections in _PEOPLE:
        places = [_at(section) for section in sections] + [_at("conflicts", *sections)]
        yield Kind(name, people(planted), _people_in(*places))
    for name, planted, sections in _TUBES:
        places = [_at(section) for section in sections]
        places += [_at("conflicts", *sections), _at("uncounted_results", *sections)]
        yield Kind(name, tubes(planted), _tubes_in(*places))


# Name here, kind in the truth, what the answer may call it.
_CONFLICTS = (
    ("identity_names", "identity_names", ("identity_names", "one_identity_two_names")),
    ("phone_shared", "phone_shared", ("phone_shared", "one_phone_many")),
    ("id_digit", "id_digit", ("identity_digit", "id_one_digit", "id_digit")),
)
_PEOPLE = (
    ("twice_sampled", "two_tubes", ("twice_sampled",)),
    ("exempt_sampled", "exempt_sampled", ("exempt_but_sampled", "exempt_sampled")),
    ("exempt_without_reason", "exempt_without_reason", ("exempt_without_reason", "exemption_no_reason")),
)
_TUBES = (
    ("over_full", "over_full", ("over_full",)),
    ("two_boxes", "two_boxes", ("two_boxes",)),
    ("void_results", "void_result", ("void_results", "void_tube")),
    ("late", "late_result", ("late",)),
    ("result_before_sample", "result_before_sample", ("result_before_sample", "before_sample")),
    ("clock_in_future", "clock_in_future", ("clock_in_future", "future_clock")),
    ("empty_results", "empty_result", ("empty_results", "empty")),
)


KINDS: tuple[Kind, ...] = tuple(_kinds())


def _examples(things: Found) -> tuple[str, ...]:
    return tuple(sorted(str(thing) for thing in things)[:5])


def _score_kind(kind: Kind, truth: Truth, answer: Entry) -> Score:
    planted = kind.planted(truth)
    answered = kind.answered(answer, truth) - (kind.tolerated(truth) - planted)
    optional = kind.tolerated(truth) & planted
    planted -= optional - answered
    right = planted & answered
    return Score(
        kind.name,
        len(planted),
        len(answered),
        len(right),
        _examples(planted - answered),
        _examples(answered - planted),
    )


def _building_key(line: Entry) -> tuple[str, str, str]:
    return tuple(str(line.get(name) or "") for name in ("community", "compound", "building"))  # type: ignore[return-value]


def _score_buildings(truth: Truth, answer: Entry) -> Iterator[Count]:
    """Blocks of flats by community, compound and number; villages differ too much in how they are cut."""
    answered = {_building_key(line): line for line in answer.get("buildings", ())}
    blocks = [line for line in truth.buildings if line["kind"] == "building"]
    found = [line for line in blocks if _building_key(line) in answered]
    right = [line for line in found if all(line[name] == answered[_building_key(line)].get(name) for name in TOTALS)]
    yield Count("buildings_found", len(blocks), len(found))
    yield Count("buildings_right", len(blocks), len(right))


def score(truth: Path, answer: Path) -> Scores:
    """Compare the JSON answer of ``lianfang reconcile`` with the truth written beside a demo.

    Raises ``NotAnAnswerError`` where ``answer`` is not of schema lianfang.reconcile/1, ``ValueError`` where
    ``truth`` is no truth file of version 1, ``OSError`` where either cannot be read.
    """
    planted = read_truth(truth)
    with answer.open(encoding="utf-8") as stream:
        try:
            said = json.load(stream)
        except json.JSONDecodeError as error:
            raise NotAnAnswerError(f"{answer.name}: not JSON (line {error.lineno})") from error
    if not isinstance(said, dict) or said.get("schema") != ANSWER_SCHEMA:
        raise NotAnAnswerError(f"{answer.name}: not an answer of {ANSWER_SCHEMA}")
    totals = said.get("totals", {})
    counts = [Count(name, planted.totals[name], totals.get(name)) for name in TOTALS]
    return Scores(
        planted.head["people"],
        planted.head["seed"],
        tuple(_score_kind(kind, planted, said) for kind in KINDS),
        (*counts, *_score_buildings(planted, said)),
    )

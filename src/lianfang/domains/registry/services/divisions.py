"""Tables of official division codes: provinces, cities, counties, townships, communities, as the statistics bureau
gives them (a CSV each, columns ``code`` and ``name``; the other columns only repeat what the code says).

All files are checked before anything is written: a table with a wrong row changes nothing and says which row and why.
The same table again changes nothing.
"""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from django.db import connection

from lianfang.domains.registry.models import Place, PlaceKind
from lianfang.domains.registry.reach import require_reach, require_whole_tree
from lianfang.domains.registry.services.bulk import next_ids
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action
from lianfang.foundation.audit.services import record

_BY_LENGTH = {
    2: PlaceKind.PROVINCE, 4: PlaceKind.CITY, 6: PlaceKind.COUNTY, 9: PlaceKind.TOWNSHIP, 12: PlaceKind.COMMUNITY,
}  # fmt: skip
_LEVEL = {kind: length for length, kind in _BY_LENGTH.items()}
MOST_PROBLEMS = 200
LARGEST_FILE = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class DivisionProblem:
    """What is wrong in a row. ``code`` is a text key under ``registry.divisions.problem``."""

    file: str
    row: int
    code: str
    value: str = ""


@dataclass(slots=True)
class DivisionOutcome:
    """What an import of division tables did, or, where ``problems`` has anything, why it did nothing."""

    added: int = 0
    renamed: int = 0
    unchanged: int = 0
    outside: int = 0
    problems: list[DivisionProblem] = field(default_factory=list)
    problem_count: int = 0

    def refuse(self, file: str, row: int, code: str, value: str = "") -> None:
        self.problem_count += 1
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(DivisionProblem(file, row, code, value[:60]))


@dataclass(frozen=True, slots=True)
class _Division:
    code: str
    name: str
    kind: str
    file: str
    row: int


def import_division_table(*, actor: Actor, files: Sequence[tuple[str, bytes]], within: str = "") -> DivisionOutcome:
    """Bring the place tree up to the tables in ``files`` (name, content; .csv or .csv.gz), in one transaction.

    ``within`` is a code, or the beginning of one: only what lies inside, and what it lies in, is taken. Places that the
    tables do not name stay. Raises NotAllowedError where new places would lie outside of the actor's.
    """
    actor.authorise(Action.PLACES_EDIT)
    outcome = DivisionOutcome()
    given: dict[str, _Division] = {}
    for name, content in files:
        for division in _read(name, content, within, outcome):
            same = given.setdefault(division.code, division)
            if same.name != division.name:
                outcome.refuse(name, division.row, "code_twice", division.code)
    known = _known_places(given)
    parents = {code: _parent_code(code, division.kind, given, known) for code, division in given.items()}
    for code, division in given.items():
        if parents[code] is None and division.kind != PlaceKind.PROVINCE and code not in known:
            outcome.refuse(division.file, division.row, "parent_absent", code)
    if outcome.problem_count:
        return outcome
    _check_reach(actor, given, parents, known)
    _rename(given, known, outcome)
    _add(given, parents, known, outcome)
    details = {
        "added": outcome.added,
        "renamed": outcome.renamed,
        "files": [name for name, _ in files],
        "within": within,
    }
    record(actor=actor, action="registry.divisions_imported", target_kind="place", details=details)
    return outcome


def _read(name: str, content: bytes, within: str, outcome: DivisionOutcome) -> Iterator[_Division]:
    text = _text_of(name, content, outcome)
    if text is None:
        return
    rows = csv.reader(io.StringIO(text))
    heads = [head.strip().lower() for head in next(rows, [])]
    if "code" not in heads or "name" not in heads:
        outcome.refuse(name, 1, "heads", ", ".join(heads))
        return
    at_code, at_name = heads.index("code"), heads.index("name")
    number = 1
    try:
        for number, row in enumerate(rows, 2):
            if not any(cell.strip() for cell in row):
                continue
            division = _division(name, number, row, at_code, at_name, outcome)
            if division is None:
                continue
            if within and not (division.code.startswith(within) or within.startswith(_significant(division))):
                outcome.outside += 1
                continue
            yield division
    except csv.Error:
        outcome.refuse(name, number + 1, "not_csv")


def _text_of(name: str, content: bytes, outcome: DivisionOutcome) -> str | None:
    if content[:2] == b"\x1f\x8b":
        try:
            with gzip.open(io.BytesIO(content)) as packed:
                content = packed.read(LARGEST_FILE + 1)
        except (OSError, EOFError, zlib.error):
            outcome.refuse(name, 0, "not_gzip")
            return None
    if len(content) > LARGEST_FILE:
        outcome.refuse(name, 0, "too_large")
        return None
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    outcome.refuse(name, 0, "not_text")
    return None


def _division(
    file: str, number: int, row: list[str], at_code: int, at_name: int, outcome: DivisionOutcome
) -> _Division | None:
    if len(row) <= max(at_code, at_name):
        outcome.refuse(file, number, "row_short")
        return None
    code, name = row[at_code].strip(), row[at_name].strip()
    if not code.isascii() or not code.isdecimal():
        outcome.refuse(file, number, "code_digits", code)
        return None
    kind = _kind_of(code)
    if kind is None:
        outcome.refuse(file, number, "code_length", code)
        return None
    if not name:
        outcome.refuse(file, number, "name_missing", code)
        return None
    if len(name) > 120:
        outcome.refuse(file, number, "name_long", code)
        return None
    return _Division(code.ljust(12, "0"), name, kind, file, number)


def _kind_of(code: str) -> str | None:
    """By its length; a code of twelve digits that ends in zeros is of the level that they leave."""
    if len(code) != 12:
        return _BY_LENGTH.get(len(code))
    for length in (2, 4, 6, 9):
        if code[length:] == "0" * (12 - length):
            return _BY_LENGTH[length]
    return PlaceKind.COMMUNITY


def _significant(division: _Division) -> str:
    return division.code[: _LEVEL[PlaceKind(division.kind)]]


def _known_places(given: dict[str, _Division]) -> dict[str, Place]:
    """The registered places with these codes, and those that these may lie in."""
    codes = set(given)
    for code, division in given.items():
        codes.update(code[:length].ljust(12, "0") for length in _BY_LENGTH if length < _LEVEL[PlaceKind(division.kind)])
    return {place.code: place for place in Place.objects.filter(code__in=codes) if place.code is not None}


def _parent_code(code: str, kind: str, given: dict[str, _Division], known: dict[str, Place]) -> str | None:
    """The nearest place above: a township may lie in a city that has no counties."""
    for length in (9, 6, 4, 2):
        if length < _LEVEL[PlaceKind(kind)]:
            above = code[:length].ljust(12, "0")
            if above != code and (above in given or above in known):
                return above
    return None


def _check_reach(
    actor: Actor, given: dict[str, _Division], parents: dict[str, str | None], known: dict[str, Place]
) -> None:
    for code, division in given.items():
        above = parents[code]
        if code in known:
            if known[code].name != division.name:
                require_reach(actor, known[code])
        elif above is None:
            require_whole_tree(actor)
        elif above in known:
            require_reach(actor, known[above])


def _rename(given: dict[str, _Division], known: dict[str, Place], outcome: DivisionOutcome) -> None:
    changed = []
    for code, division in given.items():
        place = known.get(code)
        if place is None:
            continue
        if place.name == division.name:
            outcome.unchanged += 1
        else:
            place.name = division.name
            changed.append(place)
    # A division is ordered by its code and stands in no household's address: its name alone changes.
    Place.objects.bulk_update(changed, ["name"], batch_size=1000)
    outcome.renamed = len(changed)


def _add(
    given: dict[str, _Division], parents: dict[str, str | None], known: dict[str, Place], outcome: DivisionOutcome
) -> None:
    new = sorted(
        (one for one in given.values() if one.code not in known),
        key=lambda one: (_LEVEL[PlaceKind(one.kind)], one.code),
    )
    rows = []
    for division, pk in zip(new, next_ids("registry_place", len(new)), strict=True):
        above = parents[division.code]
        parent = known[above] if above is not None else None
        place = Place(
            pk=pk, parent=parent, kind=division.kind, name=division.name, code=division.code, sort_key=division.code,
            path=[*(parent.path if parent else []), pk],
        )  # fmt: skip
        for kind in (PlaceKind.COUNTY, PlaceKind.TOWNSHIP, PlaceKind.COMMUNITY):
            setattr(place, f"{kind}_id", pk if division.kind == kind else getattr(parent, f"{kind}_id", None))
        known[division.code] = place
        rows.append(place)
    _copy(rows)
    outcome.added = len(rows)


_COLUMNS = ("id", "parent_id", "kind", "name", "code", "path", "sort_key", "county_id", "township_id", "community_id")


def _copy(places: Iterable[Place]) -> None:
    # Straight into the table: places are public, so row-level security does not forbid it; triggers keep the history.
    with connection.cursor() as cursor, cursor.copy(f"COPY registry_place ({', '.join(_COLUMNS)}) FROM STDIN") as copy:
        for place in places:
            copy.write_row([getattr(place, name) for name in _COLUMNS])

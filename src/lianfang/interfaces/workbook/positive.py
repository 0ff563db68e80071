"""The positive tubes: each with everyone in it, and what must happen to each."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from lianfang.interfaces.workbook.book import LINE, Book, lines_needed, pick, set_widths
from lianfang.interfaces.workbook.bulk import BulkSheet
from lianfang.interfaces.workbook.columns import serial_of, years
from lianfang.interfaces.workbook.look import AMBER, AMBER_PALE, RED, RED_PALE, RULE, Kind, Tone
from lianfang.interfaces.workbook.missing import MOST_BREAKS, building_name

_COLUMNS: tuple[tuple[str, float], ...] = (
    ("number", 5), ("name", 11), ("sex", 6), ("age", 6), ("phone", 14), ("id_number", 21), ("where", 35),
    ("outcome", 13), ("action", 33), ("held_until", 17), ("done", 9),
)  # fmt: skip
_SOURCES_WIDTH = 46.0
_LAST = len(_COLUMNS) - 1
_OUTCOME_TONES: dict[str, Tone] = {"positive": "red", "held": "amber", "released": "green", "negative": "green"}


def write_positive(book: Book) -> None:
    """A block per tube, each on a page of its own; what outranks it and how to object stand on top."""
    sheet = book.open_sheet("positive")
    widths = [width for _, width in _COLUMNS]
    set_widths(sheet, [*widths, _SOURCES_WIDTH])
    tubes = book.answer.positive_pools.to_pylist()
    people = {
        code: list(group)
        for code, group in groupby(
            sorted(book.answer.positive_pool_people.to_pylist(), key=_order), key=lambda row: row["tube_code"]
        )
    }
    count = book.say("positive_count", tubes=len(tubes), people=sum(map(len, people.values())))
    row = book.heading(sheet, "positive", _LAST, count=count, width=sum(widths))
    if not tubes:
        sheet.write_string(row, 0, book.say("none.positive"), book.look(bold=True, font_color="#1B6E3C"))
    else:
        row = _write_rules(book, sheet, row, sum(widths))
    breaks = []
    for number, tube in enumerate(tubes):
        if number:
            breaks.append(row)
        row = _write_tube(book, sheet, row, tube, people.get(tube["tube_code"], []))
    sheet.print_area(0, 0, max(row, 4), _LAST)
    sheet.fit_to_pages(1, 0)
    sheet.set_h_pagebreaks(breaks[:MOST_BREAKS])
    book.on_progress(sheet.get_name(), len(tubes), len(tubes))


def _write_rules(book: Book, sheet: BulkSheet, row: int, width: float) -> int:
    contact = book.objection_contact or book.say("objection_blank")
    lines = [
        (book.say("positive_emergency"), book.look(bold=True, font_color=RED, text_wrap=True)),
        (book.say("positive_proposal"), book.look(text_wrap=True)),
        (book.say("positive_objection", contact=contact), book.look(text_wrap=True)),
    ]
    for text, look in lines:
        sheet.set_row(row, LINE * lines_needed(text, width) + 4)
        sheet.merge_range(row, 0, row, _LAST, "", look)
        sheet.write_string(row, 0, text, look)
        row += 1
    return row + 1


def _write_tube(book: Book, sheet: BulkSheet, row: int, tube: dict[str, Any], people: Sequence[dict[str, Any]]) -> int:
    """One block. Returns the row after it and a blank one."""
    sure = tube["state"] == "positive"
    colours = {"font_color": RED if sure else AMBER, "bg_color": RED_PALE if sure else AMBER_PALE}
    kind = "single" if tube["is_single"] else "pool"
    band = book.say(f"tube_band.{tube['state']}.{kind}", tube=tube["tube_code"] or "", people=len(people))
    look = book.look(bold=True, font_size=12, **colours)
    sheet.set_row(row, 24)
    sheet.merge_range(row, 0, row, _LAST, "", look)
    sheet.write_string(row, 0, band, look)
    row = _write_facts(book, sheet, row + 1, tube, kind)
    titles = [book.say(f"column.{name}") for name, _ in _COLUMNS]
    widths = [width for _, width in _COLUMNS]
    sheet.set_row(row, LINE * max(map(lines_needed, titles, widths)) + 6)
    for column, ((name, _), title) in enumerate(zip(_COLUMNS, titles, strict=True)):
        kind_of_column: Kind = "number" if name in ("number", "age") else "text"
        sheet.write_string(row, column, title, book.look.header(kind_of_column))
    sheet.write_string(row, _LAST + 1, book.say("column.sources"), book.look.header("text"))
    row += 1
    for number, person in enumerate(people, 1):
        _write_person(book, sheet, row, number, person)
        row += 1
    if not people:
        sheet.write_string(row, 0, book.say("tube_without_people"), book.look(italic=True))
        row += 1
    return row + 1


def _write_facts(book: Book, sheet: BulkSheet, row: int, tube: dict[str, Any], kind: str) -> int:
    """Who reported when, where it stands in the files, and the rule it follows from."""
    unknown = book.say("unknown")
    facts = book.say(
        "tube_facts",
        laboratories=", ".join(tube["laboratories"] or ()) or unknown,
        at=book.instant(tube["reported_at"]) or unknown,
        sources=book.provenance.say(tube["record_ids"]) or unknown,
    )
    rule = book.say(f"tube_rule.{tube['state']}.{kind}", hours=_hours(book))
    look = book.look(text_wrap=True, bottom=1, bottom_color=RULE)
    width = sum(width for _, width in _COLUMNS)
    for text in (facts, rule):
        sheet.set_row(row, LINE * lines_needed(text, width) + 4)
        sheet.merge_range(row, 0, row, _LAST, "", look)
        sheet.write_string(row, 0, text, look)
        row += 1
    return row


def _write_person(book: Book, sheet: BulkSheet, row: int, number: int, person: dict[str, Any]) -> None:
    tone = _OUTCOME_TONES.get(person["outcome"], "plain")
    where = place_in_words(book, person)
    if not person["on_roster"]:
        where = f"{where} {book.say('not_on_roster_mark')}"
    action = book.texts.of_code("round.action", person["action"] or "none")
    height = max(lines_needed(where, 35), lines_needed(action, 33))
    sheet.set_row(row, LINE * height + 5)
    cell = book.look.cell
    sheet.write_number(row, 0, number, cell("number"))
    sheet.write_string(row, 1, person["name"] or "", cell("text", bold=True))
    sex = book.texts.of_code("report.sex", person["sex"]) if person["sex"] else ""
    sheet.write_string(row, 2, sex, cell("text"))
    age = years(person["birth_on"], book.answer.settings.as_of.date())
    if age is None:
        sheet.write_blank(row, 3, None, cell("text"))
    else:
        sheet.write_number(row, 3, age, cell("number"))
    sheet.write_string(row, 4, person["phone"] or "", cell("text"))
    sheet.write_string(row, 5, book.identity(person["id_number"]) or "", cell("text"))
    sheet.write_string(row, 6, where, cell("wrapped"))
    outcome = book.texts.of_code("round.outcome", person["outcome"] or "pending")
    sheet.write_string(row, 7, outcome, cell("wrapped", tone))
    sheet.write_string(row, 8, action, cell("wrapped", bold=True))
    if person["held_until"]:
        sheet.write_number(row, 9, serial_of(person["held_until"]), cell("instant"))
    else:
        sheet.write_string(row, 9, book.say("not_held"), cell("text", "muted"))
    sheet.write_string(row, 10, "☐", cell("tick", align="center"))
    sheet.write_string(row, _LAST + 1, book.provenance.say(person["record_ids"]), cell("text", "muted"))


def place_in_words(book: Book, person: dict[str, Any]) -> str:
    """Community, estate, building, stairwell, room in one line, or the address as given."""
    parts = pick(person, "community", "compound")
    if person["building"]:
        parts.append(building_name(book, person["building"]))
    if person["unit"]:
        parts.append(book.say("unit_number", number=person["unit"]))
    parts += pick(person, "room")
    return " ".join(parts) if person["room"] or person["building"] else person["address"] or " ".join(parts)


def _hours(book: Book) -> str:
    return f"{book.answer.settings.hold_at_most.total_seconds() / 3600:g}"


def _order(row: dict[str, Any]) -> tuple[str, bool, str, str, str]:
    return (
        row["tube_code"] or "", row["outcome"] != "positive", row["building"] or "", row["room"] or "",
        row["name"] or "",
    )  # fmt: skip

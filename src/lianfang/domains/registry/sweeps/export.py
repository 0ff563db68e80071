"""《小区扫楼入户情况登记表》 as a spreadsheet: one sheet per stairwell, one row per door, ready to print and sign."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from datetime import datetime
from typing import IO, Any

from django.utils import timezone

from lianfang.domains.registry.models import DoorVisit, Household, Person, Sweep
from lianfang.domains.registry.naming import room_name
from lianfang.domains.registry.sweeps.selectors import residents_by_household, unit_names, visits_by_household
from lianfang.domains.registry.sweeps.visits import deciding
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.privacy.numbers import mask_phone, unseal
from lianfang.foundation.web.language import current_texts, t

COLUMNS = (
    "number",
    "room",
    "holder",
    "phone",
    "registered",
    "counted",
    "living",
    "outcome",
    "needs",
    "note",
    "by",
    "at",
)
WIDTHS = (6, 10, 12, 15, 9, 9, 30, 11, 20, 24, 12, 15)
_NOT_IN_SHEET_NAMES = re.compile(r"[\[\]:*?/\\']")


def write_sweep_form(actor: Actor, sweep: Sweep, *, at: datetime) -> IO[bytes]:
    """An .xlsx file, at its beginning: the doors that the actor sees, telephones masked. The caller authorises and
    audits."""
    # Here, because it takes 10 MiB that a web process which writes no file need not hold.
    import xlsxwriter

    file = tempfile.TemporaryFile()  # noqa: SIM115 - the answer that it is sent with closes it
    book = xlsxwriter.Workbook(
        file, {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    )
    book.set_properties({"title": t("sweeps.form.title"), "author": actor.name})
    formats = _formats(book)
    homes: dict[int, list[Household]] = {}
    for one in Household.objects.visible_to(actor).filter(place__in=sweep.unit_ids).order_by("sort_key", "id"):
        homes.setdefault(one.place_id, []).append(one)
    visits = visits_by_household(actor, sweep)
    people = residents_by_household(actor, [one.pk for found in homes.values() for one in found])
    names = unit_names(sweep.unit_ids)
    shown = [pk for pk in sweep.unit_ids if pk in homes] or sweep.unit_ids[:1]
    for number, unit_id in enumerate(shown, 1):
        sheet = book.add_worksheet(_sheet_name(names.get(unit_id, ""), number))
        rows = [
            _row(at, one, people.get(one.pk, []), visits.get(one.pk, []))
            for at, one in enumerate(homes.get(unit_id, []), 1)
        ]
        _write(sheet, formats, sweep, names.get(unit_id, "–"), rows, actor, at)
    book.close()
    file.seek(0)
    return file


def _sheet_name(name: str, number: int) -> str:
    return f"{number} {_NOT_IN_SHEET_NAMES.sub(' ', name)}"[:31].strip()


def _row(number: int, home: Household, people: Sequence[Person], visits: Sequence[DoorVisit]) -> list[object]:
    """As COLUMNS. Who is said not to live there stands in brackets."""
    visit = deciding(visits)
    head = next((one for one in people if one.relation_to_head == "head"), people[0] if people else None)
    gone = set() if visit is None else set(visit.gone_ids)
    comma = t("sweeps.form.comma")
    needs = dict.fromkeys([*(need for one in people for need in one.special_needs), *(visit.needs if visit else ())])
    words = current_texts()
    return [
        number, room_name(home.room) or "–", head.name if head else "",
        mask_phone(unseal(head.phone_sealed)) if head and head.phone_sealed else "",
        len(people), visit.counted if visit and visit.counted is not None else "",
        comma.join(f"（{one.name}）" if one.pk in gone else one.name for one in people),
        t(f"sweeps.outcome.{visit.outcome}") if visit else t("sweeps.outcome.none"),
        comma.join(words.of_code(("registry.need",), need) for need in needs),
        visit.note if visit else "", visit.visited_by if visit else "",
        timezone.localtime(visit.visited_at).strftime("%m-%d %H:%M") if visit else "",
    ]  # fmt: skip


def _formats(book: Any) -> dict[str, Any]:
    plain = {
        "font_name": "宋体",
        "font_size": 11,
        "border": 1,
        "align": "center",
        "valign": "vcenter",
        "text_wrap": True,
    }
    return {
        "title": book.add_format({"font_name": "方正小标宋简体", "font_size": 18, "bold": True, "align": "center"}),
        "line": book.add_format({"font_name": "宋体", "font_size": 11}),
        "head": book.add_format({**plain, "bold": True, "bg_color": "#E3EFF1"}),
        "cell": book.add_format(plain),
        "note": book.add_format({"font_name": "宋体", "font_size": 9, "font_color": "#4A5764"}),
    }


def _write(
    sheet: Any, formats: dict[str, Any], sweep: Sweep, unit: str, rows: Sequence[Sequence[object]], actor: Actor,
    at: datetime,
) -> None:  # fmt: skip
    last = len(COLUMNS) - 1
    sheet.merge_range(0, 0, 0, last, t("sweeps.form.title"), formats["title"])
    sheet.set_row(0, 30)
    done = sum(1 for row in rows if row[5] != "")
    line = t("sweeps.form.line", unit=unit, sweep=sweep.name, doors=len(rows), counted=done)
    sheet.merge_range(1, 0, 1, last, line, formats["line"])
    for column, (name, width) in enumerate(zip(COLUMNS, WIDTHS, strict=True)):
        sheet.set_column(column, column, width)
        sheet.write_string(2, column, t(f"sweeps.form.{name}"), formats["head"])
    for number, row in enumerate(rows, 3):
        for column, value in enumerate(row):
            write = sheet.write_number if isinstance(value, int) else sheet.write_string
            write(number, column, value, formats["cell"])
    end = 3 + len(rows)
    sheet.write_string(end + 1, 0, t("sweeps.form.signed"), formats["line"])
    made = t("web.export.made", name=actor.name, at=timezone.localtime(at).strftime("%Y-%m-%d %H:%M"))
    sheet.write_string(end + 2, 0, made, formats["note"])
    sheet.freeze_panes(3, 2)
    sheet.repeat_rows(0, 2)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)

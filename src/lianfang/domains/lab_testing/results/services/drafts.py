# ruff: noqa: E501
"""Understood rows become rows of a load: normal codes, keys by which a row is known again, numbers sealed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, cast
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
from django.conf import settings
from django.db import connection

from lianfang.domains.lab_testing import codes
from lianfang.domains.lab_testing.models import LoadRow, ResultLoad
from lianfang.domains.lab_testing.results.services.batching import batches
from lianfang.domains.lab_testing.results.services.people import linked
from lianfang.engine.intake.contract import FileReading, Role
from lianfang.engine.reconciliation.assemble import Assembled, assemble
from lianfang.engine.rounds.reasons import reason_kind
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.privacy.numbers import blind_index, current_key_number, seal

_SEPARATOR = "\x1f"
_WHO = ("name", "id_number", "id_mask", "phone", "phone_mask")
COLUMNS = (
    "county_id", "township_id", "community_id", "load_id", "number", "source", "fate", "tube_code", "person_id", "name",
    "who_key", "content_key", "id_sealed", "id_index", "phone_sealed", "outcome", "given", "laboratory", "sampled_at",
    "sampled_at_has_time", "tested_at", "tested_at_has_time", "reported_at", "reported_at_has_time", "ct_value_orf",
    "ct_value_n", "is_void", "box_code", "capacity", "test_kind", "position", "sampler", "reason", "claim",
)  # fmt: skip
_TEXT_FILES = (".csv", ".tsv", ".txt")
_EMPTY: Mapping[str, Any] = {
    **dict.fromkeys(("fate", "tube_code", "name", "outcome", "given", "laboratory", "box_code", "test_kind", "sampler", "reason",
                     "claim"), ""),
    **dict.fromkeys(("sampled_at_has_time", "tested_at_has_time", "reported_at_has_time"), True), "is_void": False,
    "content_key": b"", "who_key": b"",
}  # fmt: skip


def draft_rows(actor: Actor, load: ResultLoad, readings: Sequence[FileReading]) -> int:
    """Write the rows of the load anew; gives back how many. Runs in the scope of ``actor``, whose people may be meant."""
    role = cast(Role, load.kind)
    assembled = assemble([(role, reading) for reading in readings])
    table = assembled.tables[role]
    people = _people(actor, load, role, table)
    make: Callable[..., dict[str, Any]] = {"results": _result, "samples": _sample, "exempt": _exempt}[role]
    key_number = current_key_number()
    scope = {"county_id": load.county_id, "township_id": load.township_id, "community_id": load.community_id,
             "load_id": load.pk}  # fmt: skip
    asked = [name for name in table.column_names if not pc.all(pc.is_null(table[name])).as_py() or name == "record_id"]

    def rows() -> Iterable[tuple[Any, ...]]:
        number = 0
        for batch in table.select(asked).to_batches(max_chunksize=5_000):
            for row in batch.to_pylist():
                made = {**_EMPTY, **scope, "number": number, "source": _source(assembled, row), "person_id": people[number],
                        **_who(row)}  # fmt: skip
                made |= make(row, made, load, key_number)
                number += 1
                yield tuple(made.get(name) for name in COLUMNS)

    LoadRow.objects.filter(load=load).delete()
    _write(rows())
    return int(table.num_rows)


def _people(actor: Actor, load: ResultLoad, role: str, table: pa.Table) -> list[int | None]:
    """Results with a tube need nobody: the tube tells. Only those by person are linked."""
    if role != "results":
        return linked(actor, load.township_id, role, table)
    nameless = pc.is_null(table["tube_code"])
    found = iter(linked(actor, load.township_id, role, table.filter(nameless), load.round_id))
    return [next(found) if is_nameless else None for is_nameless in nameless.to_pylist()]


def _source(assembled: Assembled, row: Mapping[str, Any]) -> str:
    sheet = assembled.sources[row["source"]]
    part = f".{row['part']}" if row.get("part") else ""
    # A text file has one sheet, which is called as the file was kept: that says nothing to anybody.
    name = "" if sheet.file.lower().endswith(_TEXT_FILES) else f"{sheet.sheet} · "
    return f"{sheet.file} · {name}{row['row']}{part}"[:300]


def _who(row: Mapping[str, Any]) -> dict[str, Any]:
    """``who_key`` tells people apart whom the rows of one tube name; nothing can be read from it."""
    said = [str(row.get(name) or "") for name in _WHO]
    return {
        "who_key": blind_index("who", _SEPARATOR.join(said)) if any(said) else b"",
        "name": str(row.get("name") or "")[:80],
    }


def _aware(instant: datetime | None) -> datetime | None:
    return None if instant is None else instant.replace(tzinfo=ZoneInfo(settings.TIME_ZONE))


def _instants(row: Mapping[str, Any], **fields: str) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for column, field in fields.items():
        made[column] = _aware(row.get(field))
        made[f"{column}_has_time"] = row.get(f"{field}_has_time") is not False
    return made


def _key(kind: str, *said: object) -> bytes:
    text = _SEPARATOR.join("" if one is None else one.hex() if isinstance(one, bytes) else str(one) for one in said)
    return blind_index(kind, text) or b""


def _number(text: object) -> Decimal | None:
    """A Ct value as a number; "Undet" and the like are none."""
    try:
        found = Decimal(str(text).strip())
    except InvalidOperation:
        return None
    return round(found, 2) if found.is_finite() and abs(found) < 1000 else None


def _result(row: Mapping[str, Any], made: Mapping[str, Any], load: ResultLoad, key_number: int) -> dict[str, Any]:
    code = codes.tidy(str(row.get("tube_code") or ""))[:40]
    times = _instants(row, sampled_at="sampled_at", tested_at="tested_at", reported_at="reported_result_at")
    outcome, given = row.get("result") or "", str(row.get("result_given") or "")[:80]
    laboratory = str(row.get("laboratory") or "")[:80]
    is_void = row.get("status_code") == "void"
    key = _key("result", laboratory, code, made["who_key"], outcome, "" if outcome else given, times["tested_at"],
               times["reported_at"], is_void)  # fmt: skip
    return {
        "tube_code": code, "outcome": outcome, "given": given, "laboratory": laboratory, "is_void": is_void, "content_key": key,
        "ct_value_orf": _number(row.get("ct_value_orf")), "ct_value_n": _number(row.get("ct_value_n")), **times,
        "name": "" if code else made["name"] or str(row.get("id_mask") or row.get("phone_mask") or "")[:80],
        "fate": "" if code or made["who_key"] else "nobody",
    }  # fmt: skip


def _sample(row: Mapping[str, Any], made: Mapping[str, Any], load: ResultLoad, key_number: int) -> dict[str, Any]:
    code = codes.tidy(str(row.get("tube_code") or ""))
    times = _instants(row, sampled_at="sampled_at")
    who = made["person_id"] or made["who_key"]
    if not code and who:
        # A swab recorded without a tube stands in one of its own, as in the engine.
        code = f"#{_key('tubeless', load.round_id, who, times['sampled_at']).hex()[:16].upper()}"
    is_void = row.get("status_code") == "void"
    is_stranger = made["person_id"] is None
    number, phone = (row.get("id_number"), row.get("phone")) if is_stranger else (None, None)
    capacity = row.get("tube_capacity")
    return {
        "tube_code": code[:40], "is_void": is_void, **times,
        "content_key": _key("swab", load.township_id, code, who, is_void and times["sampled_at"]),
        "id_sealed": seal(number, key_number), "id_index": blind_index("id", number), "phone_sealed": seal(phone, key_number),
        "box_code": str(row.get("box_code") or "")[:30], "capacity": capacity, "test_kind": str(row.get("test_kind") or "")[:10],
        "position": row.get("position_in_tube"), "sampler": str(row.get("sampler") or row.get("sampling_team") or "")[:80],
        "fate": "nobody" if not made["who_key"] else "code_unusable" if len(code) > codes.LONGEST else "",
    }  # fmt: skip


def _exempt(row: Mapping[str, Any], made: Mapping[str, Any], load: ResultLoad, key_number: int) -> dict[str, Any]:
    """What the engine accepts (rounds.md): a known reason, an unknown one, or none where the list asks for none."""
    reason = str(row.get("reason") or "")[:200]
    kind = reason_kind(reason) if reason else None
    if not made["who_key"]:
        fate = "nobody"
    elif not reason and row.get("reason_is_asked"):
        fate = "no_reason"
    elif kind == "missing":
        fate = "not_a_reason"
    else:
        fate = "" if made["person_id"] else "not_on_roster"
    return {"reason": reason, "claim": "" if fate else (kind or "exempt"), "fate": fate,
            "content_key": _key("exempt", made["who_key"], reason)}  # fmt: skip


_TYPES = {
    **dict.fromkeys(
        ("county_id", "township_id", "community_id", "load_id", "number", "person_id", "capacity", "position"), "bigint"
    ),
    **dict.fromkeys(("who_key", "content_key", "id_sealed", "id_index", "phone_sealed"), "bytea"),
    **dict.fromkeys(("sampled_at", "tested_at", "reported_at"), "timestamptz"),
    **dict.fromkeys(("sampled_at_has_time", "tested_at_has_time", "reported_at_has_time", "is_void"), "boolean"),
    **dict.fromkeys(("ct_value_orf", "ct_value_n"), "numeric"),
}
_AT_A_TIME = 20_000


def _write(rows: Iterable[tuple[Any, ...]]) -> None:
    """Column by column, many rows at a time: COPY into the table itself is forbidden under row-level security, and a
    staging table of one's own needs a right that the pages' roles do not have everywhere. A column in which all rows say
    the same is given once."""
    with connection.cursor() as cursor:
        for part in batches(rows, _AT_A_TIME):
            alike: dict[str, Any] = {}
            arrays: dict[str, str] = {}
            for name, column in zip(COLUMNS, zip(*part, strict=True), strict=True):
                if len(set(column)) == 1:
                    alike[name] = column[0]
                else:
                    arrays[name] = _as_array(column)
            chosen = [f"%s::{_TYPES.get(name, 'text')}" for name in alike] + [f"given.{name}" for name in arrays]
            unnested = ", ".join(f"%s::{_TYPES.get(name, 'text')}[]" for name in arrays)
            cursor.execute(
                f"INSERT INTO lab_testing_load_row ({', '.join((*alike, *arrays))}) SELECT {', '.join(chosen)} "
                + (f"FROM unnest({unnested}) AS given({', '.join(arrays)})" if arrays else ""),
                [*alike.values(), *arrays.values()],
            )


def _as_array(column: Sequence[Any]) -> str:
    """As PostgreSQL writes an array: made sooner than by the driver, which looks at every value's type."""
    return f"{{{','.join(map(_as_element, column))}}}"


def _as_element(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    if isinstance(value, bytes):
        return f'"\\\\x{value.hex()}"'
    return f'"{value}"'

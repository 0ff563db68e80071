"""How hurried hands write a right value wrongly: harmless for who reads with care, and never an error."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from random import Random

from lianfang.demo.numbers import fifteen_digits
from lianfang.demo.places import chinese_number
from lianfang.demo.sheets import Cell

_FULL_WIDTH = str.maketrans("0123456789Xx", "０１２３４５６７８９Ｘｘ")
# Radicals that look like the character; input methods and scanned lists are full of them. Some are folded by NFKC
# (⾼ U+2FBC), some are not (⻢ U+2EE2).
_RADICALS = str.maketrans("马龙高金石田白方文玉子立青飞车风云人", "⻢⻰⾼⾦⽯⽥⽩⽅⽂⽟⼦⽴⾭⻜⻋⻛云⼈")
_BUILDING_WORDS = ("号楼", "幢", "栋", "#", "座")


def _name(rng: Random, text: str) -> Cell:
    radicals = text.translate(_RADICALS)
    if radicals != text and rng.random() < 0.6:
        return radicals
    if len(text) == 2:
        return f"{text[0]}{'　' if rng.random() < 0.5 else ' '}{text[1]}"
    return f" {text}" if rng.random() < 0.5 else f"{text}　"


def _id_number(rng: Random, text: str) -> Cell:
    way = rng.random()
    if len(text) != 18:
        return text.lower()
    if text.endswith("X"):
        return text.lower()
    if way < 0.25:
        return f"{text[:6]} {text[6:14]} {text[14:]}"
    if way < 0.5:
        return f"'{text}"
    if way < 0.75:
        return text.translate(_FULL_WIDTH)
    return fifteen_digits(text) or f"{text} "


def _phone(rng: Random, text: str) -> Cell:
    way = rng.random()
    if way < 0.25:
        return f"+86 {text}"
    if way < 0.5:
        return f"{text[:3]}-{text[3:7]}-{text[7:]}"
    if way < 0.75:
        return float(text)
    return text.translate(_FULL_WIDTH) if way < 0.85 else f"{text[:3]} {text[3:7]} {text[7:]}"


def _building(rng: Random, text: str) -> Cell:
    digits = "".join(letter for letter in text if letter.isdigit())
    if not digits or text.endswith("组"):
        return f"第{text}" if text.endswith("组") else text
    if rng.random() < 0.4:
        return f"{chinese_number(int(digits))}号楼"
    return f"{digits}{_BUILDING_WORDS[int(rng.random() * len(_BUILDING_WORDS))]}"


def _unit(rng: Random, text: str) -> Cell:
    digits = "".join(letter for letter in text if letter.isdigit())
    if not digits:
        return text
    return (f"{chinese_number(int(digits))}单元", f"{digits}门", f"{digits}梯", f"{digits}单元")[int(rng.random() * 4)]


def _room(rng: Random, text: str) -> Cell:
    digits = "".join(letter for letter in text if letter.isdigit())
    if text.endswith("号"):
        return text.translate(_FULL_WIDTH)
    return (f"{digits}室", float(digits), digits.translate(_FULL_WIDTH))[int(rng.random() * 3)]


_WAYS: dict[str, Callable[[Random, str], Cell]] = {
    "name": _name,
    "id": _id_number,
    "phone": _phone,
    "building": _building,
    "unit": _unit,
    "room": _room,
}


def mess_up(
    rng: Random, rows: list[tuple[Cell, ...]], fields: Sequence[str], share: float, keep: Container[int] = ()
) -> int:
    """Rewrite one cell in about ``share`` of ``rows`` in place; return how many were changed.

    Rows whose index is in ``keep`` carry a planted error and stay as they are.
    """
    count = int(len(rows) * share + rng.random())
    spots = [(at, _WAYS[field]) for at, field in enumerate(fields) if field in _WAYS]
    changed: set[int] = set()
    for _ in range(count):
        index = int(rng.random() * len(rows))
        if index in keep or index in changed:
            continue
        at, way = spots[int(rng.random() * len(spots))]
        row = rows[index]
        cell = row[at]
        if isinstance(cell, str) and cell:
            messy = way(rng, cell)
            if messy != cell:
                rows[index] = (*row[:at], messy, *row[at + 1 :])
                changed.add(index)
    return len(changed)

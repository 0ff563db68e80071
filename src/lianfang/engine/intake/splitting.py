"""Cells that hold several fields: "赵明远 13900000001" under 姓名/电话."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from lianfang.engine.intake.content import CHECKS, cell_as_text
from lianfang.engine.intake.fields import FIELDS
from lianfang.engine.intake.values.contract import Cell
from lianfang.engine.intake.values.folding import fold_text

_IN_TEXT: Mapping[str, re.Pattern[str]] = {
    "id_number": re.compile(r"(?<![0-9A-Za-z])[1-9][0-9]{5}(?:19|20)[0-9]{9}[0-9Xx](?![0-9])"),
    "phone": re.compile(
        r"(?<![0-9])(?:\+?86[- ]?)?1[3-9][0-9][- ]?[0-9*]{4}[- ]?[0-9]{4}(?![0-9])"
        r"|(?<![0-9])0[0-9]{2,3}-?[0-9]{7,8}(?![0-9])"
    ),
    "plate": re.compile(r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Z][·]?[A-Z0-9]{5,6}"),
    "instant": re.compile(
        r"(?:19|20)[0-9]{2}[-/.年][0-9]{1,2}[-/.月][0-9]{1,2}日?"
        r"(?:[ T]*[0-9]{1,2}[:：时][0-9]{0,2}(?:[:：分][0-9]{0,2})?)?"
    ),
    "relation": re.compile("户主|配偶|妻子|丈夫|[儿女]子|女儿|父亲|母亲|[长次三][子女]|孙[子女]|儿媳|女婿|租客|本人"),
}
_BETWEEN = re.compile(r"[\s/、,，;；:：|()（）\-]+")


def split_cells(cells: Sequence[Cell], fields: tuple[str, ...]) -> dict[str, list[Cell]]:
    """The cells of a column that holds several fields, taken apart."""
    parts = {cell: _split_cell(cell, fields) for cell in dict.fromkeys(cells)}
    return {name: [parts[cell][i] for cell in cells] for i, name in enumerate(fields)}


def _split_cell(cell: Cell, fields: tuple[str, ...]) -> list[Cell]:
    """One cell's text for each field: first what has a form of its own, then the rest in order."""
    if not isinstance(cell, str):
        text = cell_as_text(cell)
        fit = [name for name in fields if (check := CHECKS.get(FIELDS[name].kind)) and check(text)]
        chosen = fit[0] if fit else fields[0]
        return [cell if name == chosen else None for name in fields]
    rest = fold_text(cell)[0]
    found: dict[str, Cell] = {}
    for name in fields:
        kind = FIELDS[name].kind
        pattern = _IN_TEXT.get(name) or _IN_TEXT.get("instant" if kind == "day" else kind)
        if pattern and (match := pattern.search(rest)):
            found[name] = match[0]
            rest = rest[: match.start()] + " " + rest[match.end() :]
    left = [name for name in fields if name not in found]
    pieces = [piece for piece in _BETWEEN.split(rest) if piece]
    if len(left) == 1:
        found[left[0]] = " ".join(pieces) or None
    else:
        for position, name in enumerate(left):
            last = position == len(left) - 1
            found[name] = (
                (" ".join(pieces[position:]) if last else pieces[position]) if position < len(pieces) else None
            )
    return [found.get(name) for name in fields]

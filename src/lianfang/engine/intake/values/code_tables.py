"""Code tables that people write into header cells: "人员状态：0 已返（回），1 将返（回）", "检测结果(0阴性 1阳性)"."""

from __future__ import annotations

import re
from collections.abc import Mapping

from lianfang.engine.intake.values.folding import fold_text

# After a number, a word that makes it an amount or a date and no code.
_MEASURES = (
    "个|天|月|日|年|小时|时|分|秒|次|岁|周|位|轮|人|元|号|度|米|公里|千米|户|栋|楼|层|针|剂|类|项|种|届|期|级|点|%|℃|"
    "HOURS?|DAYS?|H\\b|CM|KM|KG|M\\b"
)
_CODE = re.compile(
    r"(?<![0-9A-Za-z.\-/])(?<![0-9]:)(?P<number>[0-9]{1,3})"
    r"(?:\s*(?:[:=、.)]|[-—–]+>?|→|代表|表示|为|指)\s*|\s+|(?=[^\s\d\x00-\x7f]))"
    rf"(?!{_MEASURES})(?=[^\s\d,;/|)\].:=、])",
    re.IGNORECASE,
)
_LETTER_CODE = re.compile(r"(?<![0-9A-Za-z.\-/])(?P<number>[A-Z])\s*(?:[:=、.]|[-—–]+>?|→)\s*(?=[^\s\d,;/|)])")
_EDGES = " ,;:、/|\n.。，；：|·-"
_OPENING = re.compile(r"[\s,;:、(\[【（：，；\-]+$")
_OPTIONS = re.compile(r"\s*[(\[【（](?:[0-9A-Za-z]{1,3}\s*[/,，、|]\s*)+[0-9A-Za-z]{1,3}[)\]】）]\s*")
_ASKING = re.compile(r"(?:代码|编码|取值|选项|填写|说明|注|代碼|選項)\s*$")


def parse_code_table(text: str) -> tuple[str, Mapping[str, str]]:
    """The label without its code table, and the table: ``{code: meaning as written}``.

    At least two codes with different meanings make a table; anything less is left in the label. Options without
    meanings, "(1/2/3)", are taken off the label and declare nothing.
    """
    kept = fold_text(text, keep_punctuation=True)[0]
    plain = fold_text(text)[0]
    if len(kept) != len(plain):
        kept = plain
    for pattern in (_CODE, _LETTER_CODE):
        codes = [match for match in pattern.finditer(plain) if not _inside_brackets(plain, match.start())]
        codes = codes if len(codes) > 1 else list(pattern.finditer(plain))
        table = _table(kept, plain, codes)
        if table:
            return _label(kept, plain, codes[0].start()), table
    return _OPTIONS.sub(" ", kept).strip(), {}


def _inside_brackets(text: str, position: int) -> bool:
    """Whether the position is inside brackets that were opened after the text's first code could begin."""
    before = text[:position]
    return before.count("(") > before.count(")") and not before.rstrip().endswith("(")


def _table(kept: str, plain: str, codes: list[re.Match[str]]) -> dict[str, str]:
    table: dict[str, str] = {}
    for number, match in enumerate(codes):
        end = codes[number + 1].start() if number + 1 < len(codes) else len(plain)
        meaning = _balanced(kept[match.end() : end].strip(_EDGES)).strip(_EDGES)
        code = match["number"]
        if not meaning or code in table:
            return {}
        table[code] = meaning
    return table if len(table) > 1 and len(set(table.values())) == len(table) else {}


def _balanced(text: str) -> str:
    """``text`` without brackets that close or open nothing."""
    text = text.strip()
    for opening, closing in ("()", "（）", "[]", "【】"):
        if text.count(closing) > text.count(opening) and text.endswith(closing):
            text = text[:-1].rstrip()
        if text.count(opening) > text.count(closing) and text.endswith(opening):
            text = text[:-1].rstrip()
    return text


def _label(kept: str, plain: str, first: int) -> str:
    label = _OPENING.sub("", kept[:first]).strip()
    return _ASKING.sub("", label).rstrip(" ,，:：(（") or label

"""What a column's label says: [owner] + [noun] + [unit or instruction in brackets].

``read_label`` knows nothing of the other columns; where those decide, it returns the choices
(``LabelReading.ambiguous``) and ``columns.py`` takes one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from lianfang.engine.intake.fields import FIELDS
from lianfang.engine.intake.guessing import guess
from lianfang.engine.intake.latin import read_latin, spelled_out
from lianfang.engine.intake.values.cells import words_in
from lianfang.engine.intake.values.code_tables import parse_code_table
from lianfang.engine.intake.vocabulary import (
    LIKELY,
    Ambiguous,
    Owner,
    Sense,
    fold_label,
    vocabulary,
)

LOW = 0.55  # the most that a guess may claim: always asked
_HOME_FIELDS = frozenset(name for name, one in FIELDS.items() if one.group == "residence")
_NOT_OF_A_PERSON = frozenset(
    words_in("row_no record_id gate item laboratory created_at updated_at quantity price unit_of_measure")
)


@dataclass(frozen=True, slots=True)
class LabelReading:
    """The fields a label names (empty: none of ours) and how sure the words alone are.

    ``owner`` is the owner's name where it is another person or place; ``ordinal`` the number in
    "姓名2"; ``known`` says that a null is meant, not a failure to understand; ``codes`` are the
    code table written into the label, as given.
    """

    fields: tuple[str, ...] = ()
    confidence: float = 0.0
    owner: str = ""
    owner_kind: str = ""
    ordinal: int | None = None
    known: bool = False
    ambiguous: Ambiguous | None = None
    alternatives: tuple[tuple[str, float], ...] = ()
    codes: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    initials: bool = False


NOTHING_READ = LabelReading()

_BRACKETS = re.compile(r"\(([^()]*)\)")
_LEADING = re.compile(r"^(?:[*★☆●◆▲※·•#\-\s]+(?=.)|[(]?(?:[0-9]{1,2}|[一二三四五六七八九十]{1,2})[)、.](?=[^0-9]))")
_TRAILING = re.compile(r"[\s:;,.。、?*★!_/|\\\-]+$")
_INSTRUCTION = re.compile(
    r"必填|选填|必选|可选|可不填|格式|填写|请|如|例|单选|多选|下拉|文本|yyyy|mm|hh:|℃|°c|元|岁|是否|^是[/、,或]?否$|有[/、]无"
    r"|没有|自动|系统|不填|勿|务必|[0-9]+位|要求|按|周岁|不能|可以|根据|注意|当天|本次|男/女|男,女|男、女|最多|参考|单位|选择|勾选|√|打勾"
    r"|required|optional|format|自行|详细|具体|早|中|晚|公里|cm|kg|全称|简称|以.*为准|统一|多个|小时|分隔|区分"
)
_ORDINAL_DIGITS = {digit: number for number, digit in enumerate("一二三四五六七八九十", 1)}
_ORDINAL = re.compile(
    r"^第?([0-9]{1,2}|[一二三四五六七八九十])(?:个|位|名)?(?:人|号人员|成员)?[-_.:、]?(?=[^\d次轮针剂回天日月年小时])"
    r"|(?<=[^\d第内近前])[(\-_.#]?([0-9]{1,2}|[一二三四五六七八九十])[)]?$"
    r"|(?<=[人员者友偶女])[(\-_#]?([0-9]{1,2}|[一二三四五六七八九十])[)]?[-_.:、的]?(?=.)"
)
_SEPARATORS = re.compile(r"[/、,+&;|\\]|及其|以及|及|和|与|或|\n")
_FILLERS = words_in(
    "请填写 填写 请输入 输入 请选择 选择 您的 你的 真实 有效 相关 主要 本次 此次 目前 当前 "
    "现在 今日 当日 最新 其 该 的 所 现 本 拟 国内 境内 已 原 所在 所属 基本 登记 实际 "
    "预计 计划 主 假期 本地 当地 内地 新冠 疫情 新型冠状病毒 新冠肺炎 新冠病毒 常用 个人"
)
_SUFFIXES = words_in("情况 信息 内容 填写 名称 明细 详情 栏 项 一栏 登记 状况 值 数据 类 字段 为 是")


# 被协查人 + 姓名: whoever is acted upon is the person of the row, whatever the act.
_THE_ONE_WHO = re.compile(r"(?!被访|受访|被拜访|被接触|被探)(?:被|受|应|拟|待)[^人者员]{1,5}(?:人员|人|者|对象)(?:的)?")


def split_codes(text: str) -> tuple[str, Mapping[str, str]]:
    """A label, folded, without the code table at its end ("状态 10:创建 20:已提交"), and that table."""
    label, codes = parse_code_table(text)
    head = fold_label(label)
    return (head, codes) if head else (fold_label(text), {})


def _clean(text: str) -> str:
    text = _LEADING.sub("", text) if len(text) > 1 else text
    return _TRAILING.sub("", text) if len(text) > 1 else text


def _lookup(text: str) -> tuple[tuple[Sense, ...], Ambiguous | None]:
    """The senses of a whole text: a listed label, else the patterns that match all of it."""
    known = vocabulary()
    ambiguous = known.ambiguous.get(text)
    senses = known.labels.get(text, ())
    if senses or ambiguous:
        return senses, ambiguous
    found: dict[str, float] = {}
    for pattern, sense in known.patterns:
        if pattern.fullmatch(text):
            found[sense.field] = max(found.get(sense.field, 0.0), sense.strength)
    return tuple(sorted((Sense(*item) for item in found.items()), key=lambda sense: -sense.strength)), None


def _from_senses(senses: Sequence[Sense], ambiguous: Ambiguous | None) -> LabelReading:
    if not senses:
        return LabelReading(ambiguous=ambiguous, known=True, confidence=LOW)
    best = senses[0]
    rivals = tuple((sense.field, round(sense.strength, 2)) for sense in senses[1:] if sense.field)
    confidence = best.strength
    if len(senses) > 1 and senses[1].strength > best.strength - 0.1:
        confidence = min(confidence, LOW)
    fields = (best.field,) if best.field else ()
    return LabelReading(fields, confidence, known=True, ambiguous=ambiguous, alternatives=rivals)


def _owned(inner: LabelReading, owner: Owner, word: str) -> LabelReading | None:
    """What ``inner`` means when it is the owner's; None where the two do not go together."""
    plain = inner.fields[0] if inner.fields else ""
    if owner.only_before and plain not in owner.only_before:
        return None
    if inner.owner_kind in ("person", "member") and owner.kind != "member":
        return replace(inner, confidence=inner.confidence - 0.03)
    if owner.kind == "home":
        if plain not in _HOME_FIELDS or (plain == "registered_address"):
            return None
        return replace(inner, confidence=inner.confidence - 0.03)
    if owner.kind == "self":
        if plain in _NOT_OF_A_PERSON:
            return None
        return replace(inner, confidence=inner.confidence - 0.02)
    if inner.owner_kind == "place" and owner.kind == "place":
        return replace(inner, confidence=inner.confidence - 0.03)
    if owner.kind == "member":
        return replace(inner, owner=word, owner_kind="member", confidence=inner.confidence - 0.05)
    target = owner.gives.get(plain, "")
    sure = inner.confidence - 0.05
    if not target and owner.kind == "place" and _HOME_FIELDS.isdisjoint(inner.fields) and plain != "phone":
        return None
    if target.endswith("?"):
        target, sure = target[:-1], min(sure, LOW - 0.03)
    return replace(
        inner,
        fields=(target,) if target else (),
        confidence=sure if target else min(sure, 0.88),
        owner=owner.name,
        owner_kind=owner.kind,
        ambiguous=None,
        alternatives=(),
    )


def _alone(text: str) -> LabelReading | None:
    for owner in vocabulary().owner_of.get(text, ()):
        if owner.alone:
            unsure = owner.alone.endswith("?")
            confidence = LOW - 0.05 if unsure else LIKELY
            return LabelReading((owner.alone.rstrip("?"),), confidence, owner.name, owner.kind, known=True)
        if owner.kind == "person":
            return LabelReading((), LIKELY, owner.name, owner.kind, known=True)
        if owner.kind == "self":
            return LabelReading(("name",), LOW - 0.1, known=True)
    return None


def _prefixes(text: str) -> Iterator[tuple[Owner | None, str, str]]:
    """The ways to take an owner or a filler off the front, the longest first."""
    owner_of = vocabulary().owner_of
    for length in range(min(len(text) - 1, 16), 0, -1):
        head, rest = text[:length], text[length:].lstrip("的'- :")
        if not rest:
            continue
        for owner in owner_of.get(head, ()):
            yield owner, head, rest
        if head in _FILLERS:
            yield None, head, rest
    if text.startswith("在") and len(text) >= 4:
        yield None, text[:2], text[2:]
    if (somebody := _THE_ONE_WHO.match(text)) and len(text) > somebody.end():
        yield None, somebody[0], text[somebody.end() :]


@lru_cache(maxsize=20_000)
def _parse(text: str, depth: int = 0) -> LabelReading | None:
    """The meaning of a text that is understood whole, or None."""
    if not text or len(text) > 40:
        return None
    senses, ambiguous = _lookup(text)
    if senses:
        return _from_senses(senses, ambiguous)
    best = _peeled(text, depth) or _alone(text)
    if ambiguous is not None:
        return replace(best or _from_senses((), ambiguous), ambiguous=ambiguous)
    return best


def _peeled(text: str, depth: int) -> LabelReading | None:
    """The meaning of a text after an owner or a filler is taken off one end."""
    best: LabelReading | None = None
    if depth < 4:
        for owner, word, rest in _prefixes(text):
            inner = _parse(rest, depth + 1)
            if inner is None:
                continue
            found = _owned(inner, owner, word) if owner else replace(inner, confidence=inner.confidence - 0.04)
            if found and (best is None or found.confidence > best.confidence + 0.001):
                best = found
        for suffix in _SUFFIXES:
            if text.endswith(suffix) and len(text) > len(suffix) + 1:
                shorter = _parse(text[: -len(suffix)], depth + 2)
                if shorter and (best is None or shorter.confidence - 0.06 > best.confidence):
                    best = replace(shorter, confidence=shorter.confidence - 0.06)
    return best


def _question(text: str) -> LabelReading | None:
    for question in vocabulary().questions:
        if question.pattern.fullmatch(text) and not (question.unless and question.unless.fullmatch(text)):
            return LabelReading(question.fields, question.confidence, known=True)
    return None


def _composite(text: str) -> LabelReading | None:
    """ "姓名/电话" names two fields; "采样时间、地点" shares its first word."""
    pieces = [piece for piece in _SEPARATORS.split(text) if piece]
    if not 2 <= len(pieces) <= 5:
        return None
    found: list[LabelReading] = []
    for piece in pieces:
        reading = _parse(piece)
        for length in range(1, len(pieces[0])):
            if reading is not None and reading.fields and reading.confidence >= 0.6:
                break
            reading = _parse(pieces[0][:length] + piece) or reading
        if reading is not None:
            found.append(reading)
    named = list(dict.fromkeys(name for reading in found for name in reading.fields))
    if "address" in named and _HOME_FIELDS.issuperset(named):
        named = ["address"]
    if not named:
        return LabelReading((), 0.7, known=True) if len(found) == len(pieces) else None
    sure = min(reading.confidence for reading in found) - 0.05
    if len(found) < len(pieces) or not all(reading.fields for reading in found):
        sure = min(sure, LOW - 0.05)
    owner = found[-1]
    return LabelReading(tuple(named), sure, owner.owner, owner.owner_kind, known=True)


def _variants(folded: str) -> Iterator[tuple[str, float]]:
    """The label, then without its brackets, with what each costs."""
    whole = _clean(folded)
    yield whole, 0.0
    bare = _clean(_BRACKETS.sub("", whole))
    if bare and bare != whole:
        notes = _BRACKETS.findall(whole)
        plain = all(_INSTRUCTION.search(note) or len(note) <= 1 or note.isdigit() for note in notes)
        yield bare, 0.01 if plain else 0.03


def _in_brackets(folded: str, outer: LabelReading) -> LabelReading:
    """A bracket that names another field makes the column hold both, or either: ask."""
    inner_fields: list[str] = []
    for note in _BRACKETS.findall(folded):
        if _INSTRUCTION.search(note) or note.isdigit():
            continue
        inner = _parse(_clean(note))
        if inner and inner.fields and inner.confidence >= LIKELY:
            inner_fields += [name for name in inner.fields if name not in outer.fields]
    if not inner_fields:
        return outer
    if outer.ambiguous is not None and len(inner_fields) == 1:
        # 组(楼栋), 编号(采样管): the bracket says which of its meanings the word has.
        return replace(outer, fields=(inner_fields[0],), confidence=0.8, ambiguous=None, alternatives=())
    first = outer.fields[0] if outer.fields else ""
    alike = first and all(FIELDS[name].group == FIELDS[first].group == "residence" for name in inner_fields)
    if alike:
        return replace(outer, alternatives=tuple((name, 0.3) for name in inner_fields))
    if not outer.fields:
        return replace(outer, fields=tuple(inner_fields), confidence=LOW)
    return replace(outer, fields=(*outer.fields, *inner_fields), confidence=min(outer.confidence, LOW))


def _understood(core: str) -> LabelReading | None:
    for text, cost in _variants(core):
        reading = _parse(text)
        if reading is not None:
            reading = replace(reading, confidence=reading.confidence - cost)
            return _in_brackets(core, reading) if cost else reading
    for text, _ in _variants(core):
        if (reading := _composite(text)) and reading.confidence >= LOW:
            return reading
    for text, _ in _variants(core):
        if reading := _question(text):
            return reading
    for text, _ in _variants(core):
        if reading := _composite(text):
            return reading
    return None


def _ordinal_of(core: str) -> tuple[int | None, str]:
    match = _ORDINAL.search(core)
    if match is None:
        return None, core
    digits = next(group for group in match.groups() if group)
    number = _ORDINAL_DIGITS.get(digits) or int(digits)
    return number, core[: match.start()] + core[match.end() :]


def _latin(label: str) -> LabelReading | None:
    """An English, camelCase or pinyin label, word by word."""
    for text in dict.fromkeys((fold_label(spelled_out(label)), fold_label(label))):
        reading = _understood(text) if text != fold_label(label) else None
        if reading is not None and reading.confidence >= LIKELY:
            return reading
        if (found := read_latin(text)) is not None:
            fields = (found.field,) if found.field else ()
            return LabelReading(fields, found.confidence, known=True, initials=found.initials)
    return None


def _single(label: str) -> LabelReading:
    core, codes = split_codes(label)
    reading = _understood(core) or _latin(label)
    ordinal, rest = _ordinal_of(_clean(core))
    if ordinal is not None and rest:
        without = _understood(rest)
        if without is not None and (reading is None or not reading.fields or without.fields == reading.fields):
            reading = without if reading is None else reading
            reading = replace(reading, ordinal=ordinal, owner=without.owner, owner_kind=without.owner_kind)
        elif without is not None and reading is not None:
            reading = replace(reading, ordinal=ordinal)
    if reading is None:
        fields, sure = guess(_clean(_BRACKETS.sub("", core)) or _clean(core), LOW)
        reading = LabelReading(fields, sure)
    return replace(reading, codes=codes, confidence=round(max(reading.confidence, 0.0), 3), text=core)


# 管控情况 over 方式 is 管控方式: the word that only says that a group begins.
_GROUPING = re.compile("(?:情况|信息|登记|详情|资料|内容|栏)$")


def _joined(upper: str, leaf: str) -> LabelReading | None:
    """The label of a two-row header read as one: 采样 over 时间, 监护人 over 姓名, 户籍地 over 省."""
    together = None
    for text in dict.fromkeys(
        (upper + leaf, _BRACKETS.sub("", upper) + _BRACKETS.sub("", leaf), _GROUPING.sub("", upper) + leaf)
    ):
        together = together or _parse(_clean(text))
    if together is None:
        return None
    return replace(together, confidence=together.confidence - 0.02, text=upper + leaf)


@lru_cache(maxsize=20_000)
def read_label(levels: tuple[str, ...]) -> LabelReading:
    """What a label says. ``levels`` are the header cells above the column, the topmost first."""
    written = [level for level in levels if fold_label(level)]
    if not written:
        return NOTHING_READ
    folded = [fold_label(level) for level in written]
    reading = _single(written[-1])
    nearer = False
    for upper in reversed(folded[:-1]):
        ordinal, owner_text = _ordinal_of(_clean(upper))
        together = _joined(owner_text if ordinal is not None else upper, folded[-1])
        if together is None and ordinal is None:
            continue
        if together is not None and (
            together.owner_kind in ("person", "place", "member")
            or (
                not nearer
                and (
                    together.confidence > reading.confidence
                    or (together.fields != reading.fields and together.confidence >= 0.8)
                    or reading.ambiguous is not None
                )
            )
        ):
            reading = replace(together, codes=reading.codes, ordinal=reading.ordinal)
            nearer = True
        if ordinal is not None and reading.ordinal is None:
            reading = replace(reading, ordinal=ordinal)
    return reading


def is_known_label(text: str) -> bool:
    """Whether a cell's text is understood whole as a label; the test for header rows."""
    folded = fold_label(text)
    if not folded or len(folded) > 60:
        return False
    reading = _understood(split_codes(text)[0]) or _latin(text)
    return reading is not None and (reading.confidence >= 0.5 or reading.ambiguous is not None)

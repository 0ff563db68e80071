"""Names of people: spaces, middle dots, annotations split off, masked names told from whole ones."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pyarrow as pa

from lianfang.engine.intake.values.cells import (
    BECAME_DATE,
    EMPTY,
    PLACEHOLDER,
    SPACES_REMOVED,
    folded,
    is_moment,
    is_placeholder,
    without_repeats,
    words_in,
)
from lianfang.engine.intake.values.contract import Cell, Normaliser, Note, Reading, Value, ValueContext

COMPANIONS: Mapping[str, pa.DataType] = {"name_mask": pa.string(), "name_note": pa.string()}

MASKED = Note("name_masked", "changed")
TITLE = Note("name_is_title", "warning")
LOST_CHARACTER = Note("name_lost_character", "warning")
ANNOTATION = Note("name_annotation", "changed")
STAR = Note("name_star", "warning")
MIDDLE_DOT = Note("middle_dot", "changed")
HAS_DIGITS = Note("name_has_digits", "warning")
HAS_PHONE = Note("name_has_phone", "warning")
SEVERAL = Note("several_names", "error")
RELATION = Note("name_is_relation", "warning")
ONE_CHARACTER = Note("name_one_character", "warning")
TOO_LONG = Note("name_too_long", "warning")
UNREADABLE = Note("name_unreadable_character", "warning")
NO_NAME = Note("name_not_understood", "error")
LEADING_REMOVED = Note("name_leading_removed", "changed")

_CJK = "\u3400-\u9fff\U00020000-\U0003ffff〇"
_PLAIN = re.compile("[\u4e00-\u9fff]{2,4}").fullmatch
_SPACED = re.compile("[\u4e00-\u9fff](?: +[\u4e00-\u9fff]){1,3}").fullmatch
NOT_NAMES = frozenset(
    words_in(
        "不详 未知 暂无 没有 无名 无名氏 不明 未填 未填写 空白 空户 空房 空置 空置房 无人 无人居住 无人户 待定 "
        "保密 不清楚 未登记 匿名 "
        "同上 不愿提供 拒绝提供 拒绝透露 出租 待租 待售 未入住 未住人 未装修 合计 总计 小计 姓名"
    )
)
_DOT = "·•・‧∙⋅᛫･"
_DOTS = re.compile(rf"\s*[{_DOT}]\s*|(?<=[{_CJK}])\s*[.。．]\s*(?=[{_CJK}])")
_CHINESE_SPACE = re.compile(rf"(?<=[{_CJK}])\s+|\s+(?=[{_CJK}])")
_BRACKETS = re.compile(r"^([^(\[【<《{〔]+)[(\[【<《{〔]([^)\]】>》}〕]*)[)\]】>》}〕]?(.*)$", re.DOTALL)
_ENCLOSED = re.compile(r"^[(\[【<《]([^()\[\]【】<>《》]+)[)\]】>》]$")
_ROLES = (
    "户主|业主|房东|租户|租客|承租人|已故|死亡|去世|搬走|搬离|外出|出差|在外|住院|孕妇|党员|独居|空巢|配偶|妻子|丈夫|儿子|女儿|"
    "儿媳|女婿|孙子|孙女|父亲|母亲|之子|之女|之妻|本人|小孩|保姆|房客"
)
_LEADING = re.compile(
    r"^(?:(?:姓名|户主|业主|房东|租户|租客|承租人|联系人|NAME)\s*[:：]\s*|\d{1,3}\s*[.、,)]\s*)(?=\S)", re.IGNORECASE
)
_TRAILING_ROLE = re.compile(rf"^(.*\S)[\s\-—–_/、,:]+({_ROLES})$", re.DOTALL)
_PHONE = re.compile(r"[\s,、:/\-]*(?:\+?86[- ]?)?(1[3-9][0-9]{9})(?![0-9])")
_TITLES = re.compile(f"^([{_CJK}])(先生|女士|小姐|阿姨|师傅|老师|大爷|大妈|奶奶|爷爷|太太|医生|老板|總|总)$")
_COMPOUND = frozenset(
    words_in(
        "欧阳 歐陽 司马 司馬 上官 诸葛 諸葛 东方 東方 皇甫 尉迟 尉遲 公孙 公孫 慕容 令狐 司徒 夏侯 长孙 長孫 宇文 "
        "端木 独孤 獨孤 "
        "南宫 南宮 东郭 東郭 百里 呼延 轩辕 軒轅 钟离 鍾離 第五 太史 申屠 澹台 公冶 赫连 赫連 闻人 聞人 拓跋 西门 "
        "西門 完颜 納蘭 纳兰"
    )
)
_HIDDEN = re.compile("[*×✱∗○◯●■□◎#_]|某|(?<=[\u3400-\u9fff])[Xx]+(?![A-Za-z])|[\ufffd?]")
_STARRED = re.compile(rf"^([{_CJK}]{{2,}})\*$")
_GLUED_ROLE = re.compile(rf"^([{_CJK}]{{2,3}})(户主|业主|房东|租户|租客|房客|本人)$")
# Two last characters that say a word of four or fewer is more, or less, than a name.
TELLING_ENDS = frozenset(
    words_in(
        "先生 女士 小姐 阿姨 师傅 老师 大爷 大妈 奶奶 爷爷 太太 医生 老板 户主 业主 房东 租户 租客 房客 本人 "
        "之子 之女 之妻 之夫 之母 之父 之孙 的子 的女 妻子 丈夫 儿子 女儿 母亲 父亲 孩子"
    )
)
_SEVERAL = re.compile(rf"[{_CJK}]\s*[、,/;|\n]\s*[{_CJK}]|^[{_CJK}]{{2,4}}[和及与][{_CJK}]{{2,4}}$")
_PRIVATE = re.compile("[\ue000-\uf8ff\U000f0000-\U0010fffd]")
_RELATION = re.compile("(?:之|的)(?:子|女|妻|夫|母|父|孙|儿子|女儿|妻子|丈夫|母亲|父亲|孩子)$")


def name_normaliser(*, with_companions: bool) -> Normaliser:
    """A normaliser of names. ``with_companions``: mask and annotation fill ``COMPANIONS``."""

    def read_name(cell: Cell, context: ValueContext) -> Reading:
        if (
            type(cell) is str
            and _PLAIN(cell)
            and cell not in NOT_NAMES
            and cell[-2:] not in TELLING_ENDS
            and "某" not in cell
        ):
            return Reading(cell)
        if type(cell) is str and _SPACED(cell):
            joined = cell.replace(" ", "")
            if _is_plain(joined):
                return Reading(joined, (SPACES_REMOVED,))
        reading = _read_any(cell)
        if reading.companions and not with_companions:
            return Reading(reading.value, reading.notes)
        return reading

    return read_name


def _is_plain(text: str) -> bool:
    """Whether the text is a name and nothing else."""
    return bool(_PLAIN(text)) and text not in NOT_NAMES and text[-2:] not in TELLING_ENDS and "某" not in text


def _read_any(cell: Cell) -> Reading:
    if cell is None or cell == "":
        return EMPTY
    if is_moment(cell):
        return BECAME_DATE
    if not isinstance(cell, str):
        return Reading(None, (NO_NAME,))
    text, found = folded(cell)
    if not text:
        return Reading(None, found)
    if is_placeholder(text) or text in NOT_NAMES:
        return PLACEHOLDER
    notes = list(found)
    aside: list[str] = []
    text = _without_asides(text, notes, aside)
    text = _joined(text, notes)
    if not text:
        return Reading(None, (NO_NAME,))
    if is_placeholder(text) or text in NOT_NAMES:
        return PLACEHOLDER
    companions: dict[str, Value] = {"name_note": "; ".join(aside)} if aside else {}
    mask = _mask(text, notes)
    if mask is not None:
        if not mask.strip("*"):
            return PLACEHOLDER
        return Reading(None, without_repeats(notes), companions | {"name_mask": mask})
    if text.endswith("*"):
        text = text[:-1]
        notes.append(STAR)
        companions = companions | {"name_note": "; ".join([*aside, "*"])}
    if not re.search("[^\\W\\d_]", text):
        return Reading(None, (NO_NAME,))
    return Reading(text, without_repeats([*notes, *_doubts(text)]), companions)


def _without_asides(text: str, notes: list[Note], aside: list[str]) -> str:
    """``text`` without what is written beside the name; that goes to ``aside``."""
    while leading := _LEADING.match(text):
        aside.append(leading[0].strip(" :：.、,)0123456789"))
        notes.append(LEADING_REMOVED)
        text = text[leading.end() :]
    if phone := _PHONE.search(text):
        aside.append(phone[1])
        notes.append(HAS_PHONE)
        text = (text[: phone.start()] + " " + text[phone.end() :]).strip()
    if enclosed := _ENCLOSED.match(text):
        notes.append(LEADING_REMOVED)
        text = enclosed[1].strip()
    while bracket := _BRACKETS.match(text):
        aside.append(bracket[2].strip())
        notes.append(ANNOTATION)
        text = (bracket[1].rstrip() + " " + bracket[3].lstrip()).strip()
    while role := _TRAILING_ROLE.match(text):
        aside.append(role[2])
        notes.append(ANNOTATION)
        text = role[1].rstrip(" -—–_/、,:")
    if glued := _GLUED_ROLE.match(text):
        aside.append(glued[2])
        notes.append(ANNOTATION)
        text = glued[1]
    aside[:] = [words for words in aside if words]
    return text.strip()


def _joined(text: str, notes: list[Note]) -> str:
    dotted = _DOTS.sub("·", text).strip("· ")
    if dotted != text:
        notes.append(MIDDLE_DOT)
    joined = _CHINESE_SPACE.sub("", " ".join(dotted.split(" ")))
    joined = re.sub(" {2,}", " ", joined)
    if joined != dotted:
        notes.append(SPACES_REMOVED)
    return joined


def _mask(text: str, notes: list[Note]) -> str | None:
    """The name with * for each hidden character, or None where it is whole."""
    if title := _TITLES.match(text):
        notes.append(TITLE)
        return title[1] + "*"
    if not _HIDDEN.search(text):
        return None
    starred = _STARRED.match(text)
    if starred and starred[1] not in _COMPOUND:
        return None
    if re.search("[\ufffd?]", text):
        notes.append(LOST_CHARACTER)
    notes.append(MASKED)
    return _HIDDEN.sub(lambda run: "*" * len(run[0]), text)


def _doubts(text: str) -> list[Note]:
    doubts = []
    if re.search("[0-9]", text):
        doubts.append(HAS_DIGITS)
    if _SEVERAL.search(text):
        doubts.append(SEVERAL)
    if _RELATION.search(text):
        doubts.append(RELATION)
    if len(text) == 1:
        doubts.append(ONE_CHARACTER)
    if len(text) > 40:
        doubts.append(TOO_LONG)
    if _PRIVATE.search(text):
        doubts.append(UNREADABLE)
    return doubts

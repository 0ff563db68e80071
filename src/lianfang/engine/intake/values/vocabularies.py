"""Words for a closed set of meanings: sex, kind of document, health code, kind of test, state, yes and no."""

from __future__ import annotations

import re
from collections.abc import Mapping

from lianfang.engine.intake.values.cells import (
    BECAME_DATE,
    CODE_NOT_DECLARED,
    CODE_NOT_IN_TABLE,
    EMPTY,
    NOT_UNDERSTOOD,
    PLACEHOLDER,
    cell_text,
    folded,
    is_moment,
    is_placeholder,
    without_repeats,
    words_in,
)
from lianfang.engine.intake.values.contract import Cell, Normaliser, Note, Reading, Value, ValueContext

NOT_IN_VOCABULARY = Reading(None, (Note("word_not_understood", "error"),))
BY_CODE = Note("read_by_code_table", "changed")

_SPACES = re.compile(r"\s+")
_IS_CODE = re.compile(r"[0-9]{1,4}(?:\.0+)?").fullmatch

Words = Mapping[str, Value]


def words_of(meanings: Mapping[str, str]) -> Words:
    """``{meaning: "word word …"}`` turned into ``{WORD: meaning}``; each meaning stands for itself too."""
    return {word.upper(): meaning for meaning, words in meanings.items() for word in (meaning, *words.split())}


SEX: Words = words_of({
    "male": "男 男性 男士 先生 M ♂ 男♂ 男生",
    "female": "女 女性 女士 F ♀ 女♀ 女生",
})  # fmt: skip
ID_TYPE: Words = words_of({
    "resident_id": "身份证 居民身份证 身份證 二代身份证 第二代身份证 中华人民共和国居民身份证 户口簿 户口本 户口薄 "
    "ID IDCARD 港澳台居民居住证 港澳居民居住证 台湾居民居住证 港澳台居住证 居住证 临时身份证 临时居民身份证",
    "passport": "护照 護照 中国护照 外国护照 普通护照 因私护照 因公护照 外国人护照",
    "hk_macao_permit": "港澳通行证 港澳居民来往内地通行证 回乡证 回鄉證 港澳居民通行证 "
    "港澳来往内地通行证 港澳居民往来内地通行证",
    "taiwan_permit": "台胞证 臺胞證 台湾居民来往大陆通行证 台湾通行证 台湾居民通行证 台湾居民往来大陆通行证",
    "foreigner_id": "外国人永久居留身份证 外国人永久居留证 永久居留证 外国人居留证 永居证 外国人永居证",
    "other": "其他 其它 其他证件 其它证件 军官证 士兵证 武警证 警官证 出生证 出生证明 出生医学证明 驾驶证 学生证",
})  # fmt: skip
HEALTH_CODE: Words = words_of({
    "green": "绿 绿码 绿色 綠 綠碼 綠色 绿色码",
    "yellow": "黄 黄码 黄色 黃 黃碼 黃色 黄色码",
    "red": "红 红码 红色 紅 紅碼 紅色 红色码",
    "orange": "橙 橙码 橙色 橙碼",
})  # fmt: skip
TEST_KIND: Words = words_of({
    "single": "单采 单检 单管 单样 单人单管 单人单采 1:1 单采单检 單採 單管 单人 SINGLES INDIVIDUAL",
    "pool": "混采 混检 混管 混样 混合 混採 混檢 POOLED 多人混采 合管 "
    "5:1 10:1 20:1 5混1 10混1 20混1 5合1 10合1 20合1 五混一 十混一 二十混一 5混一 10混一 20混一",
    "household": "一户一管 户管 按户 家庭管 一戶一管 一户一采 一家一管 户采",
})  # fmt: skip
DIRECTION: Words = words_of({"in": "进 入 进入 驶入 入口 進 進入 进门", "out": "出 离开 驶出 出口 外出 離開 出门"})
STATUS: Words = words_of({"void": "作废 已作废 作廢 已作廢 废弃 已废弃 废管 作废管 无效管 VOIDED"})
YES_NO: Words = {
    **dict.fromkeys(words_in("是 有 Y YES TRUE T √ ✓ ✔ ☑ 对 户主 本人"), True),
    **dict.fromkeys(words_in("否 无 没有 N NO FALSE F × ✗ ✘ ☐ 不是 非 無 沒有"), False),
}
_STANDARD_SEX: Mapping[str, str] = {"1": "male", "2": "female"}


def declared(cell: Cell, context: ValueContext) -> str | None:
    """What the column's code table says of the cell, or None."""
    if not context.codes or isinstance(cell, bool) or is_moment(cell):
        return None
    text = cell_text(cell)
    if text is None:
        return None
    key = folded(text)[0]
    if key in context.codes:
        return context.codes[key]
    if _IS_CODE(key):
        whole = key.partition(".")[0]
        return context.codes.get(whole, context.codes.get(whole.lstrip("0") or "0"))
    return None


def word_normaliser(words: Words, *, keep_others: bool = False) -> Normaliser:
    """A normaliser to the meanings of ``words``.

    A word that is not among them is an error, or is kept as written with ``keep_others``. Numbers are codes: without
    a declared table they are not read.
    """
    if not keep_others:
        # An empty cell of a closed set may also be written in words.
        words = {word: meaning for word, meaning in words.items() if word}

    def read_word(cell: Cell, context: ValueContext) -> Reading:
        if type(cell) is str and cell in words:
            return Reading(words[cell])
        if cell is None or cell == "":
            return EMPTY
        meaning = declared(cell, context)
        if meaning is not None:
            read = _read_text(meaning, words, keep_others, context)
            return Reading(read.value, without_repeats((BY_CODE, *read.notes)))
        if is_moment(cell):
            return BECAME_DATE
        text = cell_text(cell)
        if text is None:
            return NOT_UNDERSTOOD
        return _read_text(text, words, keep_others, context)

    return read_word


def _read_text(text: str, words: Words, keep_others: bool, context: ValueContext) -> Reading:
    bare, notes = folded(text)
    if not bare:
        return Reading(None, notes)
    compact = _SPACES.sub("", bare).upper()
    for form in (compact, re.sub(r"[(\[].*[)\]]$|[。.!]$", "", compact)):
        if form in words:
            return Reading(words[form], notes)
    if is_placeholder(bare):
        return PLACEHOLDER
    if _IS_CODE(compact) and not keep_others:
        return CODE_NOT_IN_TABLE if context.codes else CODE_NOT_DECLARED
    return Reading(bare, notes) if keep_others else NOT_IN_VOCABULARY


_read_sex_word = word_normaliser(SEX)


def read_sex(cell: Cell, context: ValueContext) -> Reading:
    """Male or female. 1 and 2 only by a declared table, or where the label names GB/T 2261.1."""
    if not context.codes and "2261" in context.label:
        context = ValueContext(context.as_of, _STANDARD_SEX, context.label)
    reading = _read_sex_word(cell, context)
    if isinstance(cell, str) and cell.strip() in ("未说明", "未说明的性别", "未知的性别", "未知性别"):
        return PLACEHOLDER
    return reading

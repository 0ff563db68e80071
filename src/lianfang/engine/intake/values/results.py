"""Results of tests: negative, positive, indeterminate, invalid, or unknown (null), which never becomes negative.

Only whole expressions are read. A text that says more than a result (阴转阳, 非阴性, 阴性/阳性) is not understood.
Codes are read by a declared table (``context.codes``) and by nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import pyarrow as pa

from lianfang.engine.intake.values.cells import (
    BECAME_DATE,
    CODE_NOT_DECLARED,
    CODE_NOT_IN_TABLE,
    EMPTY,
    NOT_UNDERSTOOD,
    cell_text,
    folded,
    is_moment,
    is_number,
    is_placeholder,
    without_repeats,
    words_in,
)
from lianfang.engine.intake.values.contract import Cell, Normaliser, Note, Reading, ValueContext

COMPANIONS: Mapping[str, pa.DataType] = {"result_given": pa.string()}
RESULTS = ("negative", "positive", "indeterminate", "invalid")

PENDING = Note("result_pending", "changed")
NOT_TESTED = Note("result_not_tested", "changed")
DASH = Note("result_dash", "warning")
PLACEHOLDER_NOTE = Note("placeholder", "changed")
NOT_A_RESULT = Note("result_not_understood", "error")
CONTRADICTS = Note("result_contradicts_itself", "error")
FROM_QUESTION = Note("result_from_question", "changed")
BY_CODE = Note("read_by_code_table", "changed")

_WORDS: Mapping[str, str] = {
    word: result
    for result, words in {
        "negative": "阴 阴性 陰 陰性 (-) 阴(-) 阴性(-) 陰性(-) 全阴 双阴 阴性结果 未检出 未檢出 未检测出 未检测到 "
        "未检到 "
        "NEGATIVE(-) NEG NEG. NOTDETECTED UNDETECTED NONREACTIVE NON-REACTIVE",
        "positive": "阳 阳性 陽 陽性 + ++ +++ (+) (++) (+++) 阳(+) 阳性(+) 陽性(+) 弱阳 弱阳性 弱陽性 强阳 强阳性 "
        "双阳 双阳性 "
        "检出 檢出 检测到 检测出 初筛阳性 初筛阳 复核阳性 混管阳性 混检阳性 混采阳性 确诊阳性 复阳 复阳性 阳性结果 "
        "POSITIVE(+) POS POS. DETECTED REACTIVE WEAKPOSITIVE WEAKLYPOSITIVE",
        "indeterminate": "可疑 灰区 灰區 不确定 不確定 待复检 待复核 待复查 需复检 需复核 需复查 复检 建议复检 "
        "建议复查 疑似 "
        "疑似阳性 可疑阳性 阳性可疑 临界 临界值 单靶标阳性 单基因阳性 单阳 单阳性 "
        "EQUIVOCAL INCONCLUSIVE SUSPECTED SUSPICIOUS BORDERLINE",
        "invalid": "无效 無效 无效结果 结果无效 检测无效 作废 作廢 已作废 样本不合格 标本不合格 不合格 重采 重采样 "
        "重新采样 "
        "需重采 需重新采样 标本溢漏 样本溢漏 漏液 溢漏 空管 样本量不足 标本量不足 无样本 无标本 污染 样本污染 "
        "内参异常 无内参 "
        "VOID FAILED FAIL REJECTED",
    }.items()
    for word in (result, result.upper(), *words_in(words))
}
_WITHOUT_RESULT: Mapping[str, Note] = {
    **dict.fromkeys(
        words_in(
            "未出 未出结果 结果未出 待出 待出结果 检测中 檢測中 送检中 待检 待检测 待测 待上传 待报告 待反馈 "
            "未反馈 未上传 未上报 "
            "已采样 已送检 暂无结果 无结果 没有结果 检验中 PENDING INPROGRESS PROCESSING AWAITING RECEIVED"
        ),
        PENDING,
    ),
    **dict.fromkeys(
        words_in("未检 未检测 未做 未测 未采 未采样 未参加 未做核酸 未做检测 没做 没检 NOTTESTED NOTDONE"), NOT_TESTED
    ),
}
_SPACES = re.compile(r"\s+")
_AROUND = re.compile(
    r"新型冠状病毒|新冠病毒|新冠|2019-?NCOV|SARS-?COV-?2|COVID-?19|病毒|核酸|抗原|抗体|RNA|IG[MG]|ORF1?A?/?B?|N基因|E基因|基因|"
    r"检测|检验|检查|结果|结论|均为|均呈|都是|为|呈|:|：|。|\.$|!"
)
_BETWEEN = re.compile(r"[,，;；、/|\n+](?=.)")
_ASIDE = re.compile(r"[(\[【](?![+-]+[)\]】])([^)\]】]*)[)\]】]$")
_SAYS_RESULT = re.compile("[阴阳陰陽]|检出|POS|NEG|[+-]{1,3}$")
_ASKS_POSITIVE = re.compile(
    "是否(?:为|呈|检出)?(?:核酸|抗原|检测|结果|初筛|混管|混检)*(?:为|呈)?阳|阳性与否|有无阳|是否检出|IS ?POSITIVE",
    re.IGNORECASE,
)
_ASKS_NEGATIVE = re.compile("是否(?:为|呈)?(?:核酸|抗原|检测|结果)*(?:为|呈)?阴|阴性与否", re.IGNORECASE)
_YES = frozenset(words_in("是 Y YES √ ✓ ✔"))
_NO = frozenset(words_in("否 N NO 不是"))
_BARE_DASH = re.compile("[-—–−─]+").fullmatch


def result_normaliser(*, with_companions: bool) -> Normaliser:
    """A normaliser of results. ``with_companions``: ``result_given`` is the cell as it stood."""

    def read_result(cell: Cell, context: ValueContext) -> Reading:
        if cell is None or cell == "":
            return EMPTY
        reading = _read_any(cell, context)
        if with_companions and not is_moment(cell):
            return reading._replace(companions={"result_given": cell_text(cell)})
        return reading

    return read_result


def _read_any(cell: Cell, context: ValueContext) -> Reading:
    if is_moment(cell):
        return BECAME_DATE
    if isinstance(cell, bool):
        # A box that nobody ticked is false too.
        return NOT_UNDERSTOOD
    text = cell_text(cell)
    if text is None:
        return NOT_UNDERSTOOD
    if context.codes:
        declared = _by_code(text, context)
        if declared is not None:
            return declared
    if is_number(cell):
        return CODE_NOT_IN_TABLE if context.codes else CODE_NOT_DECLARED
    return _read_text(text, context)


def _by_code(text: str, context: ValueContext) -> Reading | None:
    key = folded(text)[0]
    meaning = context.codes.get(key)
    if meaning is None and re.fullmatch(r"[0-9]+\.0+", key):
        meaning = context.codes.get(key.partition(".")[0])
    if meaning is None and re.fullmatch("0[0-9]+", key):
        meaning = context.codes.get(key.lstrip("0") or "0")
    if meaning is None:
        return None
    if meaning in RESULTS:
        return Reading(meaning, (BY_CODE,))
    read = _read_text(meaning, ValueContext(context.as_of, label=context.label))
    return Reading(read.value, without_repeats((BY_CODE, *read.notes)))


def _read_text(cell: str, context: ValueContext) -> Reading:
    text, found = folded(cell)
    notes = list(found)
    compact = _SPACES.sub("", text).upper()
    if not compact:
        return Reading(None, tuple(notes))
    if _BARE_DASH(compact):
        # Nobody can tell "nothing entered" from "negative": so it is unknown.
        return Reading(None, (DASH,))
    if result := _WORDS.get(text) or _WORDS.get(compact):
        return Reading(result, tuple(notes))
    answered = _answer(compact, context.label, notes)
    if answered:
        return answered
    if is_placeholder(text) or is_placeholder(compact):
        return Reading(None, (PLACEHOLDER_NOTE,))
    if re.fullmatch(r"-?[0-9]+(?:\.[0-9]+)?", compact):
        return CODE_NOT_IN_TABLE if context.codes else CODE_NOT_DECLARED
    return _phrase(compact, notes)


def _answer(text: str, label: str, notes: list[Note]) -> Reading | None:
    """是 or 否 under a label that asks 是否阳性."""
    if text not in _YES and text not in _NO:
        return None
    yes = text in _YES
    for asks, if_yes, if_no in ((_ASKS_POSITIVE, "positive", "negative"), (_ASKS_NEGATIVE, "negative", None)):
        if asks.search(label):
            result = if_yes if yes else if_no
            if result is None:
                # "Not negative" may be positive, pending or never tested.
                return Reading(None, (NOT_A_RESULT,))
            return Reading(result, without_repeats([*notes, FROM_QUESTION]))
    return None


def _phrase(text: str, notes: list[Note]) -> Reading:
    """新冠病毒核酸检测结果：阴性, ORF1ab阴性，N阴性; every part must say the same."""
    if outside := _WITHOUT_RESULT.get(text):
        return Reading(None, without_repeats([*notes, outside]))
    aside = _ASIDE.search(text)
    if aside and not _SAYS_RESULT.search(aside[1]):
        text = text[: aside.start()]
    parts = [part for part in _BETWEEN.split(text) if part] if text.strip("+()") else [text]
    readings = {_part(part) for part in parts}
    if len(readings) > 1:
        return Reading(None, (CONTRADICTS if readings <= {*RESULTS} else NOT_A_RESULT,))
    only = readings.pop() if readings else None
    if only is None:
        return Reading(None, (NOT_A_RESULT,))
    if only in RESULTS:
        return Reading(only, without_repeats(notes))
    return Reading(None, without_repeats([*notes, _WITHOUT_RESULT[only]]))


def _part(text: str) -> str | None:
    """A result, or a word of ``_WITHOUT_RESULT``, or None."""
    if text in _WITHOUT_RESULT:
        return text
    bare = _AROUND.sub("", text)
    if bare in _WITHOUT_RESULT:
        return bare
    if re.fullmatch(r"N(?:阴性?|阳性?)", bare):
        bare = bare[1:]
    return _WORDS.get(text) or (None if _BARE_DASH(bare) else _WORDS.get(bare))

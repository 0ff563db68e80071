"""The written forms of dates and times: text → the numbers it names, without judging them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, timedelta, timezone
from typing import Literal

from lianfang.engine.intake.values.cells import words_in
from lianfang.engine.intake.values.numerals import NUMERAL, chinese_number

MONTHS = {name: number + 1 for number, name in enumerate(words_in("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC"))}
LOCAL_ZONE = timezone(timedelta(hours=8))

_WEEKDAY = re.compile(
    r"[(（]?(?:星期|礼拜|禮拜|周|週)[一二三四五六日天][)）]?"
    r"|[(（]?\b(?:MON|TUES?|WED(?:NES)?|THU(?:RS)?|FRI|SAT(?:UR)?|SUN)(?:DAY)?\b[)）]?,?"
)
_CHINESE = re.compile(rf"{NUMERAL}+(?=年|月|日|号|號|时|時|点|點|分|秒)")
_PERIODS = {
    "AM": "am", "A.M.": "am", "上午": "am", "凌晨": "am", "早上": "am", "早晨": "am", "清晨": "am", "早": "am",
    "PM": "pm", "P.M.": "pm", "下午": "pm", "晚上": "pm", "傍晚": "pm", "夜里": "pm", "晚": "pm", "夜间": "pm",
    "中午": "noon",
}  # fmt: skip
_PERIOD = "|".join(sorted((re.escape(word) for word in _PERIODS), key=len, reverse=True))
_TIME = re.compile(
    rf"(?P<before>{_PERIOD})?\s*(?P<hour>\d{{1,2}})\s*"
    rf"(?:[:：.](?P<minute>\d{{1,2}})(?:[:：.](?P<second>\d{{1,2}})(?:[.,]\d+)?)?"
    rf"|[时時点點](?:(?P<half>半)|(?P<quarter>[一三])刻|(?P<minute2>\d{{1,2}})分?(?:(?P<second2>\d{{1,2}})秒?)?)?整?)?"
    rf"\s*(?P<after>{_PERIOD})?\s*(?P<zone>Z|UTC|GMT|[+-]\d{{2}}:?\d{{2}})?"
).fullmatch

_YMD = re.compile(
    r"(?P<y>\d{4})(?:\s*[-/.年,、]\s*|\s+)(?P<m>\d{1,2})(?:\s*[-/.月,、]\s*|\s+)(?P<d>\d{1,2})(?:\s*[日号號])?(?P<rest>.*)",
    re.DOTALL,
)
_Y2_CHINESE = re.compile(r"'?(?P<y>\d{2})年\s*(?P<m>\d{1,2})\s*月\s*(?P<d>\d{1,2})\s*[日号號]?(?P<rest>.*)", re.DOTALL)
_MD_CHINESE = re.compile(r"(?P<m>\d{1,2})\s*月\s*(?P<d>\d{1,2})\s*[日号號]?(?P<rest>.*)", re.DOTALL)
_XXY = re.compile(r"(?P<a>\d{1,2})\s*[-/.]\s*(?P<b>\d{1,2})\s*[-/.]\s*(?P<y>\d{4})(?P<rest>(?:\D.*)?)", re.DOTALL)
_XXX = re.compile(
    r"(?P<a>\d{1,2})\s*(?P<sep>[-/.])\s*(?P<b>\d{1,2})\s*(?P=sep)\s*(?P<c>\d{2}|\d)(?P<rest>(?:[^\d./-].*)?)", re.DOTALL
)
_XX = re.compile(r"(?P<a>\d{1,2})\s*[-/.]\s*(?P<b>\d{1,2})(?P<rest>(?:[\sT].*)?)", re.DOTALL)
_DAY_NAME = re.compile(
    r"(?P<d>\d{1,2})(?:ST|ND|RD|TH)?[\s\-/.,]*(?P<mon>[A-Z]{3})[A-Z]*[\s\-/.,]*(?P<y>\d{4}|\d{2})(?P<rest>(?:\D.*)?)",
    re.DOTALL,
)
_NAME_DAY = re.compile(
    r"(?P<mon>[A-Z]{3})[A-Z]*[\s\-/.]*(?P<d>\d{1,2})(?:ST|ND|RD|TH)?[\s\-/.,]+(?P<y>\d{4}|\d{2})(?P<rest>(?:\D.*)?)",
    re.DOTALL,
)
_COMPACT = re.compile(
    r"(?P<y>(?:19|20)\d{2})(?P<m>\d{2})(?P<d>\d{2})(?:\.0+|[T\s]?(?P<rest>\d{4}|\d{6})(?:\.0+)?|[T\s]*(?P<clock>\D{0,3}\d{1,2}\s*[:：时時点點].*))?"
)
_INCOMPLETE = re.compile(r"\d{4}\s*年?|\d{4}\s*[-/.年]\s*\d{1,2}\s*月?|\d{4}(?:0[1-9]|1[0-2])|\d{1,2}月")
_TYPO = re.compile(r"[\d./-]{5,11}")

_DASH_BEFORE_TIME = re.compile(r"^[-–—_/](?=\d{1,2}[:：时時点點])")

Shape = Literal["ymd", "md", "unordered", "unordered_four", "incomplete", "typo", "time", "compact"]


@dataclass(frozen=True, slots=True)
class WrittenDate:
    """A date as written. ``numbers`` are year, month, day for "ymd"; month, day for "md"; three numbers whose
    order is open for "unordered" (two-digit year) and "unordered_four" (day or month first, year last)."""

    shape: Shape
    numbers: tuple[int, ...] = ()
    two_digit_year: bool = False
    clock: tuple[int, int, int] | None = None
    offset: timezone | None = None
    text: str = ""


def written_date(text: str) -> WrittenDate | None:
    """What date and time ``text`` (folded, trimmed) writes, or None where it is of no known form."""
    plain = _WEEKDAY.sub(" ", text.upper()).strip()
    plain = _CHINESE.sub(lambda run: str(_numeral(run[0])), plain)
    for pattern, read in _FORMS:
        match = pattern.fullmatch(plain)
        if not match:
            continue
        written = read(match)
        if written is None:
            continue
        parts = match.groupdict()
        rest = (parts.get("rest") or parts.get("clock") or "").strip(" T,，日号")
        rest = _DASH_BEFORE_TIME.sub("", rest)
        if not rest:
            return written
        return _with_clock(written, rest)
    if clock_of(plain):
        return WrittenDate("time")
    return None


def _numeral(text: str) -> str:
    number = chinese_number(text)
    return text if number is None else str(number)


def _with_clock(written: WrittenDate, rest: str) -> WrittenDate | None:
    clock = clock_of(rest)
    if clock is None:
        return None
    return WrittenDate(written.shape, written.numbers, written.two_digit_year, clock[0], clock[1])


def clock_of(text: str) -> tuple[tuple[int, int, int], timezone | None] | None:
    """Hour (0–24), minute, second and zone of a written time of day, or None."""
    if re.fullmatch(r"\d{4}|\d{6}", text):
        clock = int(text[:2]), int(text[2:4]), int(text[4:] or 0)
        return (clock, None) if clock[0] < 24 and clock[1] < 60 and clock[2] < 60 else None
    match = _TIME(text)
    if not match or not re.search(r"[:：时時点點]|[AP]\.?M|\d\.\d\d$", text):
        return None
    hour = int(match["hour"])
    minute = _minute(match)
    second = int(match["second"] or match["second2"] or 0)
    period = _PERIODS.get(match["before"] or match["after"] or "")
    if (period == "pm" and hour < 12) or (period == "noon" and hour < 10):
        hour += 12
    elif period == "am" and hour == 12:
        hour = 0
    if hour > 24 or minute > 59 or second > 59 or (hour == 24 and (minute or second)):
        return None
    return (hour, minute, second), _zone(match["zone"])


def _minute(match: re.Match[str]) -> int:
    if match["half"]:
        return 30
    if match["quarter"]:
        return 15 if match["quarter"] == "一" else 45
    return int(match["minute"] or match["minute2"] or 0)


def _zone(text: str | None) -> timezone | None:
    if text is None:
        return None
    if text[0] not in "+-":
        return UTC
    digits = text[1:].replace(":", "")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    if minutes >= 24 * 60:
        return None
    return timezone(timedelta(minutes=minutes if text[0] == "+" else -minutes))


def _ymd(match: re.Match[str]) -> WrittenDate:
    return WrittenDate("ymd", (int(match["y"]), int(match["m"]), int(match["d"])))


def _y2_chinese(match: re.Match[str]) -> WrittenDate:
    return WrittenDate("ymd", (int(match["y"]), int(match["m"]), int(match["d"])), two_digit_year=True)


def _md(match: re.Match[str]) -> WrittenDate:
    return WrittenDate("md", (int(match["m"]), int(match["d"])))


def _xxy(match: re.Match[str]) -> WrittenDate:
    return WrittenDate("unordered_four", (int(match["a"]), int(match["b"]), int(match["y"])))


def _xxx(match: re.Match[str]) -> WrittenDate:
    return WrittenDate("unordered", (int(match["a"]), int(match["b"]), int(match["c"])), two_digit_year=True)


def _xx(match: re.Match[str]) -> WrittenDate:
    return WrittenDate("md", (int(match["a"]), int(match["b"])), text="/")


def _named(match: re.Match[str]) -> WrittenDate | None:
    month = MONTHS.get(match["mon"])
    if month is None:
        return None
    return WrittenDate("ymd", (int(match["y"]), month, int(match["d"])), two_digit_year=len(match["y"]) == 2)


def _incomplete(match: re.Match[str]) -> WrittenDate:
    return WrittenDate("incomplete")


def _typo(match: re.Match[str]) -> WrittenDate | None:
    return WrittenDate("typo", text=match[0]) if len(re.sub(r"\D", "", match[0])) in (5, 6, 7, 8) else None


_FORMS = (
    (_YMD, _ymd),
    (_COMPACT, _ymd),
    (_INCOMPLETE, _incomplete),
    (_Y2_CHINESE, _y2_chinese),
    (_MD_CHINESE, _md),
    (_XXY, _xxy),
    (_XXX, _xxx),
    (_DAY_NAME, _named),
    (_NAME_DAY, _named),
    (_XX, _xx),
    (_TYPO, _typo),
)


def splits_of(text: str) -> list[tuple[int, int, int]]:
    """Every way to read digits with misplaced separators as year, month, day (202208.01, 20228.1, 022.8.1)."""
    groups = [group for group in re.split(r"[./-]+", text) if group]
    digits = "".join(groups)
    if digits.startswith("0") and len(groups[0]) == 3:
        digits = "2" + digits
        groups[0] = "2" + groups[0]
    ends = {sum(len(group) for group in groups[: number + 1]) for number in range(len(groups) - 1)}
    found = []
    for month_end in (5, 6):
        if len(digits) - month_end not in (1, 2) or not ends <= {4, month_end}:
            continue
        year, month, day = int(digits[:4]), int(digits[4:month_end]), int(digits[month_end:])
        if 1900 <= year <= 2100 and 1 <= month <= 12 and 1 <= day <= 31:
            found.append((year, month, day))
    return found

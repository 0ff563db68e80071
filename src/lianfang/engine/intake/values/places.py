"""Buildings, stairwells, floors and rooms, without the word: 10 for 10号楼, 2 for 二单元, 301 for 301室.

What is not of these forms (幼儿园, 东户, 门面房) is kept as written. Leading zeros of plain numbers are dropped, so
that 0301 and 301 are one room. A cell that a spreadsheet turned into a date is never guessed back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import pyarrow as pa

from lianfang.engine.intake.values.addresses import AddressParts, parse_address, side_noted
from lianfang.engine.intake.values.cells import (
    BECAME_DATE,
    EMPTY,
    NOT_UNDERSTOOD,
    PLACEHOLDER,
    SPACES_REMOVED,
    cell_text,
    folded,
    is_moment,
    is_placeholder,
    number_text,
    without_repeats,
)
from lianfang.engine.intake.values.contract import Cell, Normaliser, Note, Reading, Value, ValueContext
from lianfang.engine.intake.values.identity import DECIMAL, QUOTE, UPPER
from lianfang.engine.intake.values.numerals import NUMERAL, arabic_number, chinese_number

_TEXT = pa.string()
BUILDING_COMPANIONS: Mapping[str, pa.DataType] = dict.fromkeys(("compound", "unit", "floor", "room"), _TEXT)
UNIT_COMPANIONS: Mapping[str, pa.DataType] = dict.fromkeys(("compound", "building", "floor", "room"), _TEXT)
FLOOR_COMPANIONS: Mapping[str, pa.DataType] = {}
ROOM_COMPANIONS: Mapping[str, pa.DataType] = dict.fromkeys(("compound", "building", "unit", "floor"), _TEXT)

WORD_REMOVED = Note("place_word_removed", "changed")
NUMERAL_READ = Note("chinese_numeral_read", "changed")
ZEROS_REMOVED = Note("leading_zeros_removed", "changed")
SPLIT = Note("place_split", "changed")
PREFIX_UNCLEAR = Note("room_prefix_unclear", "warning")
SEVERAL_ROOMS = Note("several_rooms", "warning")
UNDERGROUND = Note("floor_underground", "changed")

_DASHES = re.compile("[‐‑‒–—―−─]")
_SPACES = re.compile(r"\s+")
_SHORT_NUMBER = re.compile("[1-9][0-9]{0,3}").fullmatch
_NAME = (
    rf"[0-9]{{1,4}}(?:-[0-9]{{1,3}})?[A-Z]?|[A-Z]{{1,2}}-?[0-9]{{0,3}}|{NUMERAL}{{1,4}}"
    r"|[甲乙丙丁戊己庚辛壬癸东西南北中前后](?:区)?[0-9]{0,3}"
)
_BUILDING = re.compile(
    rf"(?:第|NO\.?|№|#|BLDG\.?|BUILDING|BLOCK)?({_NAME})"
    r"(?:号楼|號樓|号大楼|号栋|号幢|号座|号院|號|号|#楼|#栋|#幢|#|栋楼|幢楼|楼栋|楼幢|楼座|栋|棟|幢|座|楼|樓|大楼|院)?"
).fullmatch
_GROUP = re.compile(
    rf"(?:第)?([0-9]{{1,3}}|{NUMERAL}{{1,4}})(?:号)?(村民小组|居民小组|村民组|居民组|小组|组|大队|生产队|队|社)"
).fullmatch
_NOTED = re.compile(r"(.{1,12}?[0-9A-Z室房号])[(（]([^()（）]{1,10})[)）]").fullmatch
_UNIT = re.compile(
    rf"(?:第)?({_NAME})(?:号?单元|号?單元|单元门|号?门洞|号?门|门栋|号?梯|梯位|号?楼道|楼梯|单|號|号|#|UNIT)?"
).fullmatch
_FLOOR = re.compile(
    rf"(?:第)?([0-9]{{1,3}}[A-EG-Z]?|{NUMERAL}{{1,4}})(?:层楼|楼层|层|層|楼|樓|F|/F|TH|FLOOR)?"
).fullmatch
_BELOW = re.compile(rf"(?:-|负|地下|地下第|B)([0-9]{{1,2}}|{NUMERAL}{{1,2}})(?:层|層|楼|F)?").fullmatch
_ROOM = re.compile(
    rf"([0-9]{{1,5}}(?:-[0-9]{{1,2}})?-?[A-Z]?|[A-Z]-?[0-9]{{1,5}}|{NUMERAL}{{1,5}})"
    r"(?:号房间|号房|號房|房间|室|号室|號|号|房|户|戶|家)?([A-Z])?"
).fullmatch
_THREE_PARTS = re.compile(r"([0-9A-Z]{1,4})[-/#]([0-9A-Z]{1,3})[-/#]([0-9]{2,5}[A-Z]?)(?:室|号|房|户)?").fullmatch
_FOUR_PARTS = re.compile(r"([0-9A-Z]{1,4})-([0-9A-Z]{1,3})-([0-9]{1,3})-([0-9]{1,5}[A-Z]?)(?:室|号|房|户)?").fullmatch
_TWO_PARTS = re.compile(r"([0-9A-Z]{1,3})[-#]([0-9]{3,5}[A-Z]?)(?:室|号|房|户)?").fullmatch
_FLOOR_AND_ROOM = re.compile(
    rf"([0-9]{{1,2}}|{NUMERAL}{{1,3}})(?:层|楼|F)-?([0-9]{{1,4}}[A-Z]?(?=室|号|房|户|$)|[东西南北中左右](?:边|侧)?(?:户|室|门|屋))(?:室|号|房|户)?"
).fullmatch
_SIDE = re.compile("[东西南北中左右](?:边|侧)?(?:户|室|门|屋)").fullmatch
_TWO_ROOMS = re.compile(r"[0-9]{3,5}[A-Z]?(?:[、,/;&+和-][0-9]{3,5}[A-Z]?)+(?:室|号|房)?").fullmatch
_BUILDING_AND_UNIT = re.compile(r"([0-9]{1,4}|[A-Z])-([0-9]{1,2})").fullmatch


def _start(cell: Cell) -> Reading | tuple[str, list[Note]]:
    """The cell as text to match; a finished reading where there is nothing to match."""
    if cell is None or cell == "":
        return EMPTY
    if is_moment(cell):
        return BECAME_DATE
    if isinstance(cell, bool):
        return NOT_UNDERSTOOD
    if isinstance(cell, (int, float)):
        digits = number_text(cell)
        if digits is None or not digits.lstrip("-").isdigit():
            return NOT_UNDERSTOOD
        return digits, []
    assert isinstance(cell, str)
    text, found = folded(cell)
    notes = list(found)
    bare = text.strip("'’‘`´\"“” ")
    if bare != text:
        notes.append(QUOTE)
    if not bare:
        return Reading(None, tuple(notes))
    if is_placeholder(bare):
        return PLACEHOLDER
    compact = _SPACES.sub("", _DASHES.sub("-", bare)).upper()
    if compact != bare:
        notes.append(UPPER if compact == bare.upper() else SPACES_REMOVED)
    if re.fullmatch(r"\d+\.0+", compact):
        compact = compact.partition(".")[0]
        notes.append(DECIMAL)
    return compact, notes


def _number_or_name(name: str, notes: list[Note]) -> str:
    """A matched name with Chinese numerals in digits and without leading zeros."""
    number = arabic_number(name)
    if number is None:
        shorter = re.sub(r"(?<![0-9])0+(?=[0-9])", "", name) if not name.startswith("0-") else name
        if shorter != name:
            notes.append(ZEROS_REMOVED)
        return shorter
    if not name.isdigit():
        notes.append(NUMERAL_READ)
    elif number != name:
        notes.append(ZEROS_REMOVED)
    return number


def _split(parts: AddressParts, wanted: str, notes: list[Note]) -> Reading | None:
    """A cell that holds more of the address than its own part."""
    value = getattr(parts, wanted)
    if value is None:
        return None
    companions: dict[str, Value] = {
        name: text
        for name in ("compound", "building", "unit", "floor", "room")
        if name != wanted and (text := getattr(parts, name)) is not None
    }
    if not companions:
        return None
    return Reading(value, without_repeats([*notes, SPLIT]), companions)


def read_building(cell: Cell, context: ValueContext) -> Reading:
    """A building without its word. 10号楼2单元 also fills unit; 3-1 is split only where the sheet has no unit."""
    if type(cell) is str and _SHORT_NUMBER(cell):
        return Reading(cell)
    started = _start(cell)
    if isinstance(started, Reading):
        return started
    text, notes = started
    both = _BUILDING_AND_UNIT(text)
    if both and context.siblings is not None and "unit" not in context.siblings:
        companions: dict[str, Value] = {"unit": _number_or_name(both[2], notes)}
        return Reading(_number_or_name(both[1], notes), without_repeats([*notes, SPLIT]), companions)
    if match := _BUILDING(text):
        if match[1] != text:
            notes.append(WORD_REMOVED)
        return Reading(_number_or_name(match[1], notes), without_repeats(notes))
    if group := _GROUP(text):
        return _village_group(text, group, notes)
    split = _split(parse_address(text), "building", notes)
    return split or Reading(text, without_repeats(notes))


def _village_group(text: str, group: re.Match[str], notes: list[Note]) -> Reading:
    """第五村民小组, 五组 and 5组 are one group; its word stays, for 5组 is not building 5."""
    word = group[2] if group[2] in ("社", "大队") else "队" if group[2].endswith("队") else "组"
    value = f"{_number_or_name(group[1], notes)}{word}"
    if word != group[2] or text.startswith("第"):
        notes.append(WORD_REMOVED)
    return Reading(value, without_repeats(notes))


def read_unit(cell: Cell, context: ValueContext) -> Reading:
    """A stairwell without its word. 10栋2单元 and 10-2 also fill building."""
    if type(cell) is str and _SHORT_NUMBER(cell):
        return Reading(cell)
    started = _start(cell)
    if isinstance(started, Reading):
        return started
    text, notes = started
    if both := re.fullmatch(r"([0-9]{1,4}|[A-Z])-([0-9]{1,2})(?:单元|门|梯)?", text):
        companions: dict[str, Value] = {"building": _number_or_name(both[1], notes)}
        return Reading(_number_or_name(both[2], notes), without_repeats([*notes, SPLIT]), companions)
    if match := _UNIT(text):
        if match[1] != text:
            notes.append(WORD_REMOVED)
        return Reading(_number_or_name(match[1], notes), without_repeats(notes))
    split = _split(parse_address(text), "unit", notes)
    return split or Reading(text, without_repeats(notes))


def read_floor(cell: Cell, context: ValueContext) -> Reading:
    """A floor as a number in text; below ground with a minus: -1 for 负一层, 地下1层, B1."""
    if type(cell) is str and _SHORT_NUMBER(cell):
        return Reading(cell)
    started = _start(cell)
    if isinstance(started, Reading):
        return started
    text, notes = started
    if below := _BELOW(text):
        number = arabic_number(below[1])
        if text != f"-{number}":
            notes.append(UNDERGROUND)
        return Reading(f"-{number}", without_repeats(notes))
    if match := _FLOOR(text):
        if match[1] != text:
            notes.append(WORD_REMOVED)
        return Reading(_number_or_name(match[1], notes), without_repeats(notes))
    return Reading(text, without_repeats(notes))


def read_room(cell: Cell, context: ValueContext) -> Reading:
    """A room: 301. 1-2-301 also fills building and unit; what the 3 of 3-301 is, ``context.siblings`` decides."""
    if type(cell) is str and _SHORT_NUMBER(cell):
        return Reading(cell)
    started = _start(cell)
    if isinstance(started, Reading):
        return started
    text, notes = started
    side = ""
    if noted := _NOTED(text):
        # 301室(东) and 301室(西) are two flats; 301(租户) is flat 301.
        side = side_noted(text)
        text = noted[1]
        notes.append(WORD_REMOVED)
    reading = _read_room_text(text, notes, context)
    if not side or reading.value is None:
        return reading
    return Reading(f"{reading.value}{side}", reading.notes, reading.companions)


def _read_room_text(text: str, notes: list[Note], context: ValueContext) -> Reading:
    if dashed := _dashed_room(text, notes, context):
        return dashed
    if match := _ROOM(text):
        room = match[1].replace("-", "") if re.fullmatch("[0-9]+-[A-Z]|[A-Z]-[0-9]+", match[1]) else match[1]
        if room + (match[2] or "") != text:
            notes.append(WORD_REMOVED)
        return Reading(_room_name(room, notes) + (match[2] or ""), without_repeats(notes))
    if storey := _FLOOR_AND_ROOM(text):
        floor: dict[str, Value] = {"floor": _number_or_name(storey[1], notes)}
        room = storey[2] if _SIDE(storey[2]) else _room_name(storey[2], notes)
        return Reading(room, without_repeats([*notes, SPLIT]), floor)
    split = _split(parse_address(text), "room", notes)
    return split or Reading(text, without_repeats(notes))


def read_isolation_room(cell: Cell, context: ValueContext) -> Reading:
    """A room of an isolation site: as ``read_room``, but its building is not the one where the person lives."""
    reading = read_room(cell, context)
    return Reading(cell_text(cell), reading.notes) if reading.companions else reading


def _room_name(room: str, notes: list[Note]) -> str:
    number = chinese_number(room)
    if number is not None:
        notes.append(NUMERAL_READ)
        return str(number)
    return _number_or_name(room, notes)


def _dashed_room(text: str, notes: list[Note], context: ValueContext) -> Reading | None:
    if _TWO_ROOMS(text):
        return Reading(text, without_repeats([*notes, SEVERAL_ROOMS]))
    parts = _THREE_PARTS(text) or _FOUR_PARTS(text)
    if parts:
        found: dict[str, Value] = {
            "building": _number_or_name(parts[1], notes),
            "unit": _number_or_name(parts[2], notes),
        }
        room = parts[len(parts.groups())]
        if len(parts.groups()) == 4:
            found["floor"] = _number_or_name(parts[3], notes)
        return Reading(_number_or_name(room, notes), without_repeats([*notes, SPLIT]), found)
    pair = _TWO_PARTS(text)
    if not pair:
        return None
    if context.siblings is None:
        return Reading(text, without_repeats([*notes, PREFIX_UNCLEAR]))
    companions: dict[str, Value] = {}
    if "building" not in context.siblings:
        companions = {"building": _number_or_name(pair[1], notes)}
    elif "unit" not in context.siblings:
        companions = {"unit": _number_or_name(pair[1], notes)}
    return Reading(_number_or_name(pair[2], notes), without_repeats([*notes, SPLIT]), companions)


def address_normaliser(cell: Cell, context: ValueContext) -> Reading:
    """An address as given (folded), with its parsed parts as companions."""
    if cell is None or cell == "":
        return EMPTY
    if is_moment(cell):
        return BECAME_DATE
    if not isinstance(cell, str):
        started = _start(cell)
        return started if isinstance(started, Reading) else Reading(started[0])
    text, notes = folded(cell, keep_punctuation=True)
    if not text:
        return Reading(None, notes)
    if is_placeholder(text):
        return PLACEHOLDER
    return Reading(text, notes, parse_address(text).found())


PLACE_NORMALISERS: Mapping[str, Normaliser] = {
    "building": read_building,
    "unit": read_unit,
    "floor": read_floor,
    "room": read_room,
    "isolation_room": read_isolation_room,
    "address": address_normaliser,
}

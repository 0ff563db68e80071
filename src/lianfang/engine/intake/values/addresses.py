"""Parts of an address written in one cell: 幸福小区10号楼2单元301室, 10#2-301, 中山路123弄45号601室.

What is not sure is left out: a street number is no building, a village's house number no room.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from lianfang.engine.intake.values.contract import Value
from lianfang.engine.intake.values.folding import fold_text
from lianfang.engine.intake.values.numerals import NUMERAL, arabic_number

_SPACES_AND_COMMAS = re.compile(r"[\s,，;；]+")
_DASHES = re.compile("[‐‑‒–—―−─－~]")
_UNEVEN = re.compile(r"[\s,，;；‐‑‒–—―−─－~a-z]").search
_NAME = rf"(?:[0-9]{{1,4}}[A-Z]?|[A-Z][0-9]{{0,3}}|{NUMERAL}{{1,4}}|[甲乙丙丁戊己庚辛])"
_ROOM = rf"(?:[A-Z]?[0-9]{{2,5}}[A-Z]?|{NUMERAL}{{3,5}})"
_END = r"(?:室|房间|号房|房|号|户)?(?:[(（].*)?$"

_BUILDING = re.compile(
    rf"(?:第)?(?P<building>[0-9]{{1,4}}-[0-9]{{1,2}}(?=号楼|栋|幢|座)|{_NAME})"
    r"(?:号楼|號樓|号大楼|号栋|号幢|号座|#楼|#栋|#幢|栋楼|幢楼|栋|棟|幢|座(?!落)|#(?=[0-9楼栋幢]|$)"
    r"|楼(?=[0-9一二三四五六七八九十]{1,3}(?:单元|梯|门)))"
)
_BUILDING_WORD = re.compile("[楼樓栋棟幢座#]").search
_LANE = re.compile(
    rf"^(?P<compound>.*?[0-9]+弄)(?P<building>[0-9]{{1,4}}[A-Z]?)(?:号楼|号|幢|栋|-)(?P<room>{_ROOM}){_END}"
)
_UNIT = re.compile(
    rf"^(?:-|第)?(?P<unit>{_NAME})(?:号?单元门?|号?單元|单(?=[0-9])|号?梯|号?楼道|号?门洞|门(?![口面诊市牌卫])|号门)"
)
_FLOOR = re.compile(
    rf"^(?:-|第)?(?P<below>负|地下|B)?(?P<floor>[0-9]{{1,3}}|{NUMERAL}{{1,3}})(?:层|層|楼|F(?![0-9A-Z]*[A-Z]{{2}}))"
)
_ROOM_AT_END = re.compile(rf"^-?(?P<room>{_ROOM}){_END}")
_SIDE = re.compile(r"^-?(?P<room>[东西南北中左右](?:边|侧)?(?:户|室|门|屋))")
_UNIT_AND_ROOM = re.compile(rf"^-?(?P<unit>[0-9]{{1,2}})-(?P<room>{_ROOM}){_END}")
_THREE = re.compile(
    rf"(?<![0-9A-Z-])(?P<building>[0-9]{{1,4}}|[A-Z][0-9]{{0,2}})[-/#](?P<unit>[0-9]{{1,2}})[-/](?P<room>[0-9]{{2,5}}[A-Z]?){_END}"
)
_TWO = re.compile(rf"(?<![0-9A-Z-])(?P<building>[0-9]{{1,3}}|[A-Z])[-#](?P<room>[0-9]{{3,5}}[A-Z]?){_END}")
_GROUP = re.compile(
    rf"(?:第)?(?P<number>[0-9]{{1,3}}|{NUMERAL}{{1,4}})(?:号)?(?:村民小组|居民小组|村民组|居民组|小组|组(?!团))(?P<house>.*)$"
)
_HOUSE = re.compile(
    rf"^-?(?P<room>[0-9]{{1,4}}(?:-[0-9]{{1,2}})?[A-Z]?|{NUMERAL}{{1,3}})(?:号|號|户|戶)(?:[(（].*)?$"
).match
_STOREY_OR_BUILDING = re.compile(rf"(?<![0-9A-Z])(?P<number>[0-9]{{1,3}})(?:楼|樓)(?P<room>[0-9]{{3,5}}[A-Z]?){_END}")
_SIDE_NOTED = re.compile(r"[(（]([东西南北中左右](?:边|侧|户|室)?|[A-Z])[)）]$")
# 幸福小区10号楼2单元 and 301室: nothing that would have to be folded, and a room in digits after a word.
_FLAT = re.compile(r"(?P<before>[A-Z0-9\u4e00-\u9fff]+(?:单元|[楼栋幢]))(?P<room>[1-9][0-9]{2,3})室?").fullmatch
_ANY_ROOM = "101"
_HINT = re.compile(r"[0-9A-Za-z]|[号栋幢座楼室单元弄]").search

_DIVISIONS = re.compile(
    r"^.*(?:特别行政区|自治区|自治州|省|(?<!小)(?<!城)市(?!场)|(?<![小社园])区(?!域)|县|旗|镇|乡|街道|办事处|社区|居委会|村委会|村民委员会)(?=.)"
)
_STREET = re.compile(rf"^.*?(?:路|大街|街|大道|道|巷|胡同)(?:(?:[0-9]+|{NUMERAL}+)(?:号院?|號)?(?!楼|弄))?")
_COMPOUND_NAME = re.compile(r"[\u4e00-\u9fff·A-Z0-9()]{2,20}").fullmatch
_COMPOUND_ENDS = re.compile(r"^.*(?:路|街|道|巷|号|镇|乡|省|市|县)$")


@dataclass(frozen=True, slots=True)
class AddressParts:
    """The parts of an address, without their words; None where the text does not give them surely."""

    compound: str | None = None
    building: str | None = None
    unit: str | None = None
    floor: str | None = None
    room: str | None = None

    def found(self) -> dict[str, Value]:
        """The parts that are there, by name."""
        names = ("compound", "building", "unit", "floor", "room")
        return {name: text for name in names if (text := getattr(self, name)) is not None}


NO_PARTS = AddressParts()


def parse_address(text: str) -> AddressParts:
    """The parts of an address written as one text: compound, building, unit, floor, room."""
    flat = _FLAT(text)
    if flat is not None and (stairs := _stairwell(flat["before"])) is not None:
        return AddressParts(stairs.compound, stairs.building, stairs.unit, stairs.floor, flat["room"])
    return _parse(text)


@lru_cache(maxsize=4096)
def _stairwell(before: str) -> AddressParts | None:
    """The parts that all flats of one stairwell share, read of one of them; None where they depend on the room.

    They do not where a building is named and nothing stands between the last word of a place and the room: no
    pattern below then looks at the room's digits but the one that takes them as the room.
    """
    if "弄" in before or _last_building(before + _ANY_ROOM) is None:
        return None
    parts = _parse(before + _ANY_ROOM)
    return parts if parts.room == _ANY_ROOM else None


def _parse(text: str) -> AddressParts:
    if not _HINT(text):
        return NO_PARTS
    plain = fold_text(text)[0]
    if _UNEVEN(plain):
        plain = _DASHES.sub("-", _SPACES_AND_COMMAS.sub("", plain)).upper()
    if "弄" in plain and (lane := _LANE.match(plain)):
        return AddressParts(_lane(lane["compound"]), lane["building"], None, None, _plain(lane["room"]))
    if building := _last_building(plain):
        return _after_building(plain, building)
    for pattern in (_THREE, _TWO):
        if dashed := pattern.search(plain):
            found = dashed.groupdict()
            return AddressParts(
                _compound(plain[: dashed.start()]),
                _plain(found["building"]),
                _plain(found["unit"]) if found.get("unit") else None,
                None,
                _plain(found["room"]),
            )
    if storey := _STOREY_OR_BUILDING.search(plain):
        return _storey_or_building(plain, storey)
    if "组" in plain and (group := _GROUP.search(plain)):
        return _in_village(plain, group)
    return _without_building(plain)


def _storey_or_building(plain: str, found: re.Match[str]) -> AddressParts:
    """10楼1001 is the tenth floor, 10楼301 building 10: a room begins with the number of its floor."""
    number, room = _plain(found["number"]), _plain(found["room"])
    compound = _compound(plain[: found.start()])
    if re.fullmatch(rf"0?{number}[0-9]{{2}}[A-Z]?", room):
        return AddressParts(compound, None, None, number, room)
    return AddressParts(compound, number, None, None, room)


def _in_village(plain: str, group: re.Match[str]) -> AddressParts:
    """康岸村1组12号: the village group stands where a town has its building, and the house is the room."""
    house = _HOUSE(group["house"])
    room = _plain(house["room"]) if house else None
    return AddressParts(None, f"{_plain(group['number'])}组", None, None, room)


def _last_building(plain: str) -> re.Match[str] | None:
    """The last that calls itself a building (3号院5号楼 is building 5)."""
    if not _BUILDING_WORD(plain):
        return None
    found = None
    for match in _BUILDING.finditer(plain):
        found = match
    return found


def _after_building(plain: str, building: re.Match[str]) -> AddressParts:
    rest = plain[building.end() :]
    unit = floor = room = None
    if pair := _UNIT_AND_ROOM.match(rest):
        unit, room = _plain(pair["unit"]), _plain(pair["room"])
    else:
        if found := _UNIT.match(rest):
            unit, rest = _plain(found["unit"]), rest[found.end() :]
        if found := _FLOOR.match(rest):
            floor, rest = _storey(found), rest[found.end() :]
        if found := _ROOM_AT_END.match(rest):
            room = _plain(found["room"]) + side_noted(rest)
        elif found := _SIDE.match(rest):
            room = found["room"]
    return AddressParts(_compound(plain[: building.start()]), _plain(building["building"]), unit, floor, room)


def _without_building(plain: str) -> AddressParts:
    """幸福小区2单元301室: a stairwell and a room, and no building named."""
    for start in range(len(plain)):
        unit = _UNIT.match(plain[start:])
        if unit and not unit[0].startswith("-"):
            rest = plain[start + unit.end() :]
            room = _ROOM_AT_END.match(rest)
            return AddressParts(
                _compound(plain[:start]), None, _plain(unit["unit"]), None, _plain(room["room"]) if room else None
            )
    room = re.search(rf"(?<![0-9A-Z-])(?P<room>{_ROOM})(?:室|号房)(?:[(（].*)?$", plain)
    if room:
        return AddressParts(_compound(plain[: room.start()]), None, None, None, _plain(room["room"]))
    return NO_PARTS


def side_noted(text: str) -> str:
    """The side that distinguishes two flats of one number: 东 of 301室(东)."""
    found = _SIDE_NOTED.search(text)
    return found[1][:1] if found else ""


def _storey(found: re.Match[str]) -> str:
    number = arabic_number(found["floor"]) or found["floor"]
    return f"-{number}" if found["below"] else number


def _plain(name: str) -> str:
    number = arabic_number(name)
    if number is not None:
        return number
    return re.sub(r"(?<![0-9])0+(?=[0-9])", "", name)


def _lane(text: str) -> str:
    return _DIVISIONS.sub("", text) or text


@lru_cache(maxsize=4096)
def _compound(before: str) -> str | None:
    """The name of the estate at the end of what stands before the building."""
    name = _DIVISIONS.sub("", before)
    name = _STREET.sub("", name).strip("-·()（）#、.")
    name = re.sub(r"^(?:[0-9]+号|内|的|:|：|住址|地址)+", "", name)
    if not _COMPOUND_NAME(name) or _COMPOUND_ENDS.match(name) or name.isascii():
        return None
    return name

"""What the cells of a column look like, whatever its label says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import islice, pairwise

from lianfang.engine.intake.fields import FIELDS
from lianfang.engine.intake.values.cells import words_in
from lianfang.engine.intake.values.contract import Cell
from lianfang.engine.intake.values.folding import fold_text

SAMPLE_ROWS = 1500
SAMPLE_CELLS = 200
_MOST = 0.7  # the share of a column's cells that must look like a field for it to be likely

_SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付"
    "方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝"
    "包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦褚娄窦戚岑景党宫费卜冷晏席卫"
    "米柏宗瞿桂全佟应臧闵苟邬边卞姬师和仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池查麻苑迟邝官封谈匡鞠惠荆乐冀郁胥南班储原栗燕楚鄢劳谌奚皮粟冼蔺楼盘满闻位厉伊仝"
    "張劉陳楊黃趙吳孫馬羅鄭梁謝許韓馮鄧蕭葉蘇呂盧蔣賈龍萬錢嚴顧賀龔鄒譚陸鍾"
)
_PERSON = re.compile(
    r"[\u3400-\u9fff\U00020000-\U0003134f]{2,4}(?:[(（][^)）]*[)）])?|[\u3400-\u9fff]{1,8}[·•.・][\u3400-\u9fff·•]{1,12}"
)
_LATIN_PERSON = re.compile(r"[A-Za-z][A-Za-z'.\-]*(?: [A-Za-z][A-Za-z'.\-]*){1,4}")
_RESIDENT_ID = re.compile(r"[1-9][0-9]{5}(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])[0-3][0-9][0-9]{3}[0-9Xx]|[1-9][0-9]{14}")
_MASKED_ID = re.compile(r"(?=.*[*×xX#]{3})[0-9]{1,8}[*×xX#]{3,16}[0-9xX]{0,6}")
_OTHER_ID = re.compile(r"[A-Z]{1,2}[0-9]{7,10}(?:\([0-9A]\))?|[HMC][0-9]{8,10}|[A-Z]{3}[0-9]{12}", re.IGNORECASE)
_MOBILE = re.compile(r"(?:\+?0{0,2}86[- ]?)?1[3-9][0-9][- ]?[0-9]{4}[- ]?[0-9]{4}|1[0-9]{2}\*{4}[0-9]{4}")
_LANDLINE = re.compile(r"(?:0[0-9]{2,3}[- ]?)?[2-8][0-9]{6,7}(?:[-转][0-9]{1,5})?|\+(?!86)[0-9 -]{8,16}")
_DATE = re.compile(
    r"(?:19|20)?[0-9]{2}\s*[-/.年]\s*[0-9]{1,2}\s*(?:[-/.月]\s*[0-9]{1,4}\s*[日号]?)?(?P<a>[ T]*[0-9上下].*)?"
    r"|(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])[0-3][0-9](?:[0-9]{4,6})?"
    r"|[0-9]{1,2}[月./-][0-9]{1,2}[日号]?(?:[/.-](?:19|20)?[0-9]{2})?(?P<b>[ T]*[0-9上下].*)?"
)
_TIME_OF_DAY = re.compile(r"[0-2]?[0-9][:：时点][0-5]?[0-9]?(?:[:：分][0-5]?[0-9]?秒?)?")
_CLOCK = re.compile("[0-9][:：时点]")
_RESULT = re.compile(
    r"(?:新冠|核酸|病毒|抗原|结果|检测|sars-cov-2|:|：|\s)*(?:弱|双|单|强)?(?:阴|阳|陰|陽|未检出|未檢出|检出|negative|positive|neg|pos|可疑|待复核|待复检|"
    r"无效|不合格|灰区|待检|检测中|indeterminate|invalid|正常|[(（]?[+\-﹢－±][)）]?).{0,6}",
    re.IGNORECASE,
)
_RELATIONS = words_in(
    "户主 本人 配偶 妻 妻子 夫 丈夫 子 女 儿子 女儿 长子 长女 次子 次女 三子 三女 父亲 母亲 "
    "父 母 父母 岳父 岳母 公公 婆婆 儿媳 女婿 孙子 孙女 外孙 外孙女 孙 祖父 祖母 爷爷 奶奶 "
    "外公 外婆 兄弟 姐妹 兄 弟 姐 妹 哥哥 弟弟 姐姐 妹妹 租户 租客 朋友 同事 保姆 其他 亲属 "
    "户长 之妻 之子 之女 媳妇 侄子 侄女 妻子/丈夫 家属 室友 同住 兄弟姐妹 儿 孙媳 曾孙 非亲属 "
    "head spouse son daughter"
)
_KINDS_OF_ID = re.compile(
    r".*(?:身份证|护照|通行证|回乡证|台胞证|居留证|居住证|户口簿|出生证|军官证|身分證|passport|id card|permit).{0,10}",
    re.IGNORECASE,
)
_BUILDING = re.compile(
    r"(?:第?[0-9一二三四五六七八九十百零A-Za-z甲乙丙东西南北-]{1,6}(?:号楼|號樓|栋|幢|座|棟|#楼?|楼|樓|号)"
    r"|[A-Za-z][0-9]{0,3}[栋座幢]?|[0-9]{1,3}|第?[0-9一二三四五六七八九十]{1,3}(?:村民|居民)?(?:小组|组|队|社)|[\u4e00-\u9fff]{1,4}(?:组|屯))"
)
_UNIT = re.compile(r"第?[0-9一二三四五六七八九十A-Za-z甲乙东西南北中]{1,3}(?:单元|單元|门|門|梯|门洞|号门)?")
_ROOM = re.compile(
    r"(?:[0-9A-Za-z一二三四五六七八九十]{1,4}[-—–/栋幢号楼座单元#]+){0,3}[A-Za-z]?[0-9]{1,4}[A-Za-z]?(?:室|房|号|户|號)?"
)
_ADDRESS = re.compile(
    r".*(?:省|市|区|县|镇|乡|街|路|道|巷|弄|村|小区|花园|苑|新村|公寓|大厦"
    r"|號|号|社区|组|城|里|庄|屯|坊|湾|栋|幢|楼|单元|室|區|縣|鎮|鄉).*"
)
_PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领][A-Z][·• -]?[A-Z0-9]{4,6}[挂学警港澳领]?"
    r"|[闽粤使领][0-9A-Z]{5,6}[领]?",
    re.IGNORECASE,
)
_TRANSPORT_NO = re.compile(
    r"(?:[GDCZTKYLS][0-9]{1,4}|[0-9]{4}|(?:[A-Z]{2}|[0-9][A-Z]|[A-Z][0-9])[0-9]{3,4}).*", re.IGNORECASE
)
_TUBE = re.compile(r"(?=.*[0-9]{4})[A-Za-z]{0,6}[-_]?[0-9A-Za-z]{5,24}(?:[-_][0-9A-Za-z]{1,6})?")
_HEALTH_CODE = re.compile(r"[绿黄红綠黃紅](?:色|码|碼)?|green|yellow|red|正常", re.IGNORECASE)
_AGE = re.compile(r"([0-9]{1,3})(?:\.0)?\s*(?:岁|周岁|歲|个?月)?")
_TEMPERATURE = re.compile(r"([0-9]{2}(?:\.[0-9]{1,2})?)\s*(?:℃|度|°c)?|正常|异常", re.IGNORECASE)
_CAPACITY = re.compile(r"[0-9]{1,3}(?:\.0)?\s*(?:人|混|:1|：1|合1|混1|份|管|in1|人份)?.{0,6}|单.{0,4}|一户一管")
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_PLACE_END = {
    "province": re.compile(
        r".*(?:省|自治区|市|北京|上海|天津|重庆|内蒙古|广西|西藏|宁夏|新疆|香港|澳门|台湾|浙江|江苏|广东|福建|湖北|湖南|河南|河北|四川|安徽|山东|山西|陕西|云南|贵州|江西|辽宁|吉林|黑龙江|甘肃|青海|海南)"
    ),
    "city": re.compile(r".*(?:市|州|地区|盟|区|[\u4e00-\u9fff]{2,3})"),
    "county": re.compile(r".*(?:区|县|市|旗|區|縣|[\u4e00-\u9fff]{2,3})"),
    "township": re.compile(r".*(?:街道|镇|乡|办事处|街|鎮|鄉|办|[\u4e00-\u9fff]{2,5})"),
    "community": re.compile(r".*(?:社区|村|居委会|居|委会|社區|组|里|[\u4e00-\u9fff]{2,8})"),
    "compound": re.compile(r".*[\u4e00-\u9fffA-Za-z].*"),
}


# Says by anything that is true whether a text looks like a value of some kind.
Check = Callable[[str], object]


def _full(pattern: re.Pattern[str]) -> Check:
    return pattern.fullmatch


def _in_words(words: Iterable[str]) -> Check:
    return frozenset(words).__contains__


def _between(low: float, high: float) -> Check:
    return lambda text: _NUMBER.fullmatch(text) is not None and low <= float(text) <= high


def _is_person(text: str) -> bool:
    plain = text.replace(" ", "").replace("\u3000", "")
    return _PERSON.fullmatch(plain) is not None or _LATIN_PERSON.fullmatch(text) is not None


def _is_known_name(text: str) -> bool:
    plain = text.replace(" ", "")
    return 2 <= len(plain) <= 4 and plain[0] in _SURNAMES and _PERSON.fullmatch(plain) is not None


def _is_identity(text: str) -> bool:
    plain = text.strip(" '`‘’")
    return bool(_RESIDENT_ID.fullmatch(plain) or _MASKED_ID.fullmatch(plain) or _OTHER_ID.fullmatch(plain))


def _is_phone(text: str) -> bool:
    return bool(_MOBILE.fullmatch(text) or _LANDLINE.fullmatch(text))


def _is_ethnicity(text: str) -> bool:
    return text in ("汉", "回", "满", "蒙古", "壮", "苗") or (2 <= len(text) <= 5 and text.endswith("族"))


def _is_age(text: str) -> bool:
    match = _AGE.fullmatch(text)
    return match is not None and int(match[1]) <= 120


def _is_temperature(text: str) -> bool:
    match = _TEMPERATURE.fullmatch(text)
    return match is not None and (match[1] is None or 34 <= float(match[1]) <= 43)


_CT = _between(0, 50)

CHECKS: Mapping[str, Check] = {
    "person": _is_person,
    "sex": _in_words(
        ("男", "女", "男性", "女性", "m", "f", "M", "F", "male", "female", "Male", "Female", "1", "2", "0")
    ),
    "age": _is_age,
    "id_type": _full(_KINDS_OF_ID),
    "id_number": _is_identity,
    "phone": _is_phone,
    "ethnicity": _is_ethnicity,
    "relation": _in_words(_RELATIONS),
    "building": _full(_BUILDING),
    "unit": _full(_UNIT),
    "floor": _full(re.compile(r"-?[0-9一二三四五六七八九十BbFf]{1,3}(?:层|楼|F)?")),
    "room": _full(_ROOM),
    "address": _full(_ADDRESS),
    "plate": _full(_PLATE),
    "transport_no": _full(_TRANSPORT_NO),
    "tube": _full(_TUBE),
    "health_code": _full(_HEALTH_CODE),
    "result": _full(_RESULT),
    "temperature": _is_temperature,
    "count": _full(_CAPACITY),
    "ct": lambda text: (
        _CT(text)
        or text.lower() in ("-", "/", "no ct", "noct", "nan", "undetermined", "undet", "阴性", "n/a", "未检出")
    ),
    "yes_no": _in_words(("是", "否", "有", "无", "1", "0", "y", "n", "Y", "N", "√", "×", "户主")),
    "specimen": _full(re.compile(r".*(?:拭子|鼻咽|口咽|咽|鼻|痰|血|粪|swab|唾液|肛).*", re.IGNORECASE)),
    "test_kind": _full(re.compile(r".*(?:单|混|户|[0-9]+:1|single|pool).*", re.IGNORECASE)),
    "row_no": _between(0, 10_000_000),
    **{kind: _full(pattern) for kind, pattern in _PLACE_END.items()},
}

# What a column without a label may be by its cells alone, most telling first; the sureness at a share of 1.
_BY_CONTENT: tuple[tuple[str, str, float], ...] = (
    ("id_number", "id_number", 0.92),
    ("phone", "phone", 0.85),
    ("plate", "plate", 0.88),
    ("id_type", "id_type", 0.85),
    ("ethnicity", "ethnicity", 0.9),
    ("sex", "sex", 0.92),
    ("relation", "relation_to_head", 0.82),
    ("result", "result", 0.8),
    ("known_name", "name", 0.8),
    ("health_code", "health_code", 0.7),
    ("named_building", "building", 0.8),
    ("named_unit", "unit", 0.82),
    ("temperature_decimal", "temperature", 0.7),
    ("long_address", "address", 0.72),
    ("specimen", "specimen_type", 0.75),
    ("tube_alike", "tube_code", 0.5),
    ("instant", "sampled_at", 0.4),
    ("day", "reported_at", 0.3),
    ("sequence", "row_no", 0.8),
    ("room_number", "room", 0.55),
)
_ROADS = re.compile(r"[路街道巷弄村]|小区|花园|社区")
_TELLING: Mapping[str, Check] = {
    "id_number": _is_identity,
    "phone": _full(_MOBILE),
    "plate": CHECKS["plate"],
    "id_type": CHECKS["id_type"],
    "ethnicity": lambda text: len(text) > 1 and _is_ethnicity(text),
    "sex": _in_words(("男", "女", "男性", "女性", "male", "female", "Male", "Female")),
    "relation": CHECKS["relation"],
    "result": _full(
        re.compile(r"(?:核酸|检测|抗原)?(?:结果)?(?:阴|阳|陰|陽|未检出|negative|positive)(?:性|.{0,4})", re.IGNORECASE)
    ),
    "known_name": _is_known_name,
    "health_code": _full(re.compile(r"[绿黄红綠黃紅](?:色|码|碼)+")),
    "named_building": _full(re.compile(r"第?[0-9一二三四五六七八九十A-Za-z]{1,4}(?:号楼|號樓|栋|幢|座|棟)")),
    "named_unit": _full(re.compile(r"第?[0-9一二三四五六七八九十]{1,3}(?:单元|單元|门|梯)")),
    "temperature_decimal": _full(re.compile(r"3[4-9]\.[0-9]|4[0-2]\.[0-9]")),
    "long_address": lambda text: len(text) >= 7 and _ROADS.search(text),
    "specimen": CHECKS["specimen"],
    "tube_alike": lambda text: (
        len(text) >= 8
        and _TUBE.fullmatch(text)
        and not _is_phone(text)
        and not _is_identity(text)
        and not _DATE.fullmatch(text)
    ),
    "room_number": _full(re.compile(r"[1-9][0-9]{2,3}(?:室)?")),
}


@dataclass(frozen=True, slots=True)
class Profile:
    """The distinct cells of a column's first rows as text, and how they look.

    ``texts`` are at most ``SAMPLE_CELLS``; ``dates`` and ``times`` are the shares that are days and
    instants or times of day; ``likely`` are (field, confidence) by content alone, best first.
    """

    texts: tuple[str, ...]
    dates: float
    times: float
    likely: tuple[tuple[str, float], ...]

    def share(self, kind: str) -> float | None:
        """The share of cells that fit a kind of value; None where the kind has no look of its own."""
        if not self.texts:
            return None
        if kind in ("day", "instant"):
            return self.dates
        check = CHECKS.get(kind)
        if check is None:
            return None
        return sum(1 for text in self.texts if check(text)) / len(self.texts)


def cell_as_text(cell: Cell) -> str:
    """A cell as a short text, for looking at it; whole numbers without decimals."""
    if isinstance(cell, str):
        return fold_text(cell)[0].strip()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell)


def _looks_like_day(cell: Cell, text: str) -> bool:
    if isinstance(cell, (date, datetime)):
        return True
    if isinstance(cell, (int, float)):
        return 36526 <= cell <= 56000 or (len(text) == 8 and _DATE.fullmatch(text) is not None)
    if isinstance(cell, time):
        return True
    # Both begin with a digit; most texts do not, and that is seen sooner.
    return "0" <= text[0] <= "9" and bool(_DATE.fullmatch(text) or _TIME_OF_DAY.fullmatch(text))


def _has_time(cell: Cell, text: str) -> bool:
    if isinstance(cell, datetime):
        return cell.time() != time()
    return isinstance(cell, time) or _CLOCK.search(text) is not None


def _sequence_share(texts: tuple[str, ...]) -> float:
    numbers = [int(text) for text in texts if text.isdigit() and len(text) < 8]
    if len(numbers) < max(3, 0.8 * len(texts)) or numbers[0] > 1000:
        return 0.0
    return sum(b - a == 1 for a, b in pairwise(numbers)) / (len(numbers) - 1)


def _share_of_most(check: Check, texts: Sequence[str]) -> float:
    """The share of texts that pass a check; 0 where it is under ``_MOST``, as is mostly seen after a few."""
    misses, too_many = 0, (1 - _MOST) * len(texts) + 1e-9
    for text in texts:
        if not check(text):
            misses += 1
            if misses > too_many:
                return 0.0
    return (len(texts) - misses) / len(texts)


def profile_of(cells: Iterable[Cell]) -> Profile:
    """Look at a column's cells (those below the header, top to bottom)."""
    distinct = dict.fromkeys(islice(cells, SAMPLE_ROWS))
    sample = [cell for cell in distinct if cell is not None and cell != ""][:SAMPLE_CELLS]
    pairs = [(cell, text) for cell in sample if (text := cell_as_text(cell))]
    texts = tuple(text for _, text in pairs)
    if not texts:
        return Profile((), 0.0, 0.0, ())
    days = sum(_looks_like_day(cell, text) for cell, text in pairs) / len(pairs)
    times = sum(_has_time(cell, text) for cell, text in pairs) / len(pairs)
    likely = []
    for telling, name, most in _BY_CONTENT:
        if telling == "sequence":
            share = _sequence_share(texts)
        elif telling in ("instant", "day"):
            share = days if (telling == "instant") == (times > 0.3) else 0.0
        else:
            share = _share_of_most(_TELLING[telling], texts)
        if share >= _MOST:
            few = 0.75 if len(texts) < 3 and name not in ("sex", "result") else 1.0
            likely.append((name, round(most * share * few, 3)))
    return Profile(texts, days, times, tuple(sorted(likely, key=lambda item: -item[1])))


def fits(profile: Profile, field: str) -> float | None:
    """The share of cells that may be values of the field; None where that cannot be seen."""
    return profile.share(FIELDS[field].kind)

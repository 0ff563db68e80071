"""Invented Chinese rosters with the errors of real ones, and the truth beside them.

Only for training and measuring linkage; the product's demo generator is another, on purpose. Identity numbers
begin with 99, a region that does not exist. Everything follows from the seed.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

import pyarrow as pa
from pypinyin import lazy_pinyin

from lianfang.engine.linkage import RECORDS

# Share of the population per ten thousand, Ministry of Public Security name report 2020, rounded.
SURNAMES = (
    "王:721 李:719 张:683 刘:517 陈:465 杨:306 黄:222 赵:210 吴:200 周:192 徐:143 孙:139 "
    "马:132 朱:129 胡:118 郭:115 何:108 林:107 高:101 罗:99 郑:93 梁:89 谢:72 宋:70 唐:66 "
    "许:64 韩:60 邓:59 冯:57 曹:57 彭:56 曾:55 肖:53 田:51 董:50 袁:48 潘:47 于:46 蒋:45 蔡:44 "
    "余:43 杜:42 叶:41 程:40 苏:39 魏:39 吕:38 丁:37 任:36 沈:36 姚:35 卢:35 姜:34 崔:33 钟:33 "
    "谭:32 陆:31 汪:30 范:30 金:29 石:29 廖:28 贾:27 夏:27 韦:26 付:26 方:25 白:24 邹:24 孟:23 "
    "熊:23 秦:22 邱:22 江:21 尹:20 薛:20 闫:19 段:19 雷:18 侯:18 龙:17 史:17 陶:16 黎:16 贺:15 "
    "顾:15 毛:14 郝:14 龚:14 邵:13 万:13 钱:12 严:12 覃:11 武:11 戴:11 莫:10 孔:10 向:10 汤:9 "
    "欧阳:4 司马:1 上官:1 诸葛:1 岳:6 仇:3 单:4 解:4 查:4 区:2 缪:2 "
)
MALE = (
    "伟强磊军洋勇杰涛明超刚平辉鹏华飞鑫波斌宇浩凯健俊帆帅旭宁龙林建国志文海峰永清东亮成康毅博轩泽昊晨睿子涵一铭航嘉启振宏光德福荣贵富"
    "江河山川松柏云天阳学思远承恩世昌继祖家兴"
)
FEMALE = (
    "芳娜敏静丽艳娟霞秀英桂兰玉梅红玲燕婷雪琳慧莹颖洁倩佳欣怡雯萍莉蓉琴珍凤月美香春菊花素淑惠丹妍璐瑶琪萱涵梓诗语可馨雨彤思"
    "晓珊薇爱华明珠云青小文佩巧翠荷莲芬芝霜露"
)
LOOK_ALIKE = {
    "伟": "玮纬", "未": "末", "侯": "候", "晓": "哓", "琳": "淋", "玲": "铃",
    "洋": "样", "杰": "木", "浩": "洁", "己": "已", "娟": "涓", "莹": "萤",
    "敏": "繁", "静": "靓", "旭": "旮", "辉": "晖", "峰": "锋", "婷": "停",
    "颖": "颍", "瑶": "摇", "晨": "辰", "清": "情", "林": "材", "明": "朋",
    "薇": "微", "欣": "掀", "嘉": "喜", "宇": "字", "芬": "芳", "刘": "浏",
    "陈": "阵", "杨": "扬", "徐": "涂", "吴": "昊",
}  # fmt: skip
HOMOPHONE_POOL = (
    "伟玮炜维纬韦卫为魏微薇强锵蔷墙磊蕾雷累军君均俊峻骏郡珺洋阳杨扬羊勇永咏泳涌杰捷洁婕节涛滔焘桃明鸣铭茗名超朝刚钢纲岗平萍苹屏坪辉晖惠慧蕙会"
    "鹏朋彭芳方坊娜纳静敬靖婧净丽莉立力利俐艳燕彦雁晏娟涓霞夏秀绣修英莹瑛颖影盈玉钰玲灵铃凌翎林琳霖临淋红宏鸿洪虹佳嘉家加欣新鑫馨心芯怡宜仪一依"
    "雯文闻雨宇羽语禹子梓紫诗师思斯丝晨辰陈沉浩昊皓豪郝张章彰刘留流王汪李里理赵兆周州吴武无徐许旭序孙荪高羔"
)


@dataclass(slots=True)
class Person:
    """One invented person; ``row`` holds what the person truly is, in the columns of RECORDS."""

    number: int
    household: int
    row: dict[str, object]


@dataclass(slots=True)
class World:
    """Records in RECORDS form, with ``truth[i]`` and ``household[i]`` for the i-th record."""

    records: pa.Table
    truth: list[int]
    household: list[int]
    damage: list[str]


@dataclass(slots=True)
class Recipe:
    """How much goes wrong. ``damaged`` is the share of sample and result rows with one of ``DAMAGES``."""

    people: int
    seed: int = 1
    samples: float = 1.0
    results: float = 1.0
    damaged: float = 0.05
    roster_damaged: float = 0.03
    roster_repeated: float = 0.01
    people_per_compound: int = 1700
    weights: dict[str, float] = field(default_factory=dict)


class _Names:
    def __init__(self, rng: random.Random) -> None:
        pairs = [part.split(":") for part in SURNAMES.split()]
        self.surnames = [name for name, _ in pairs]
        self.shares = [int(share) for _, share in pairs]
        self.rng = rng
        self.by_sound: dict[str, list[str]] = {}
        for char in sorted(set(HOMOPHONE_POOL + MALE + FEMALE)):
            self.by_sound.setdefault(lazy_pinyin(char)[0], []).append(char)

    def surname(self) -> str:
        return self.rng.choices(self.surnames, self.shares)[0]

    def given(self, sex: str) -> str:
        pool = MALE if sex == "male" else FEMALE
        length = 2 if self.rng.random() < 0.82 else 1
        # Popular characters are more popular still: the square pulls towards the head of the pool.
        return "".join(pool[int(len(pool) * self.rng.random() ** 1.6)] for _ in range(length))

    def sounding_alike(self, name: str) -> str:
        at = self.rng.randrange(len(name))
        others = [char for char in self.by_sound.get(lazy_pinyin(name[at])[0], []) if char != name[at]]
        return name[:at] + self.rng.choice(others) + name[at + 1 :] if others else name

    def looking_alike(self, name: str) -> str:
        spots = [at for at, char in enumerate(name) if char in LOOK_ALIKE]
        if not spots:
            return self.sounding_alike(name)
        at = self.rng.choice(spots)
        return name[:at] + self.rng.choice(LOOK_ALIKE[name[at]]) + name[at + 1 :]


def check_digit(first17: str) -> str:
    """ISO 7064 MOD 11-2, as GB 11643-1999 prescribes."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return "10X98765432"[sum(int(d) * w for d, w in zip(first17, weights, strict=True)) % 11]


def _valid(number: str) -> bool:
    return len(number) == 18 and number[:17].isdigit() and check_digit(number[:17]) == number[17]


def _digit_off(number: str, rng: random.Random) -> str:
    at = rng.randrange(len(number))
    return number[:at] + rng.choice([d for d in "0123456789" if d != number[at]]) + number[at + 1 :]


def _swapped(number: str, rng: random.Random) -> str:
    spots = [at for at in range(len(number) - 1) if number[at] != number[at + 1]]
    at = rng.choice(spots)
    return number[:at] + number[at + 1] + number[at] + number[at + 2 :]


class Town:
    """People in households in rooms, drawn from a recipe."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.rng = random.Random(recipe.seed)
        self.names = _Names(self.rng)
        self.people: list[Person] = []
        self.regions = [f"99{self.rng.randrange(10_000):04d}" for _ in range(6)]
        household = 0
        while len(self.people) < recipe.people:
            self._household(household)
            household += 1

    def _place(self, household: int) -> dict[str, object]:
        per_compound = max(1, int(self.recipe.people_per_compound / 2.6))
        compound, within = divmod(household, per_compound)
        building, flat = divmod(within, 48)
        unit, flat = divmod(flat, 24)
        floor, door = divmod(flat, 4)
        return {
            "community": f"第{compound // 3 + 1}社区",
            "compound": f"花园{compound + 1}期",
            "building": str(building + 1),
            "unit": str(unit + 1),
            "room": f"{floor + 1}{door + 1:02d}",
        }

    def _person(self, household: int, name: str, sex: str, born: date, phone: str | None) -> None:
        rng = self.rng
        order = rng.randrange(1, 500) * 2 + (sex == "male")
        first = f"{rng.choice(self.regions)}{born:%Y%m%d}{order:03d}"[:17]
        number = first + check_digit(first)
        row: dict[str, object] = {
            "name": name, "id_type": "resident_id", "id_number": number, "id_is_valid": True,
            "phone": phone, "sex": sex, "birth_on": born, **self._place(household),
        }  # fmt: skip
        self.people.append(Person(len(self.people), household, row))

    def _phone(self) -> str:
        return f"1{self.rng.choice('3356788999')}{self.rng.randrange(10**9):09d}"

    def _household(self, household: int) -> None:
        rng, today = self.rng, date(2022, 11, 1)
        father, mother = self.names.surname(), self.names.surname()
        shared = self._phone()
        grown = today - timedelta(days=rng.randrange(24 * 365, 75 * 365))

        def own() -> str | None:
            return shared if rng.random() < 0.25 else self._phone() if rng.random() < 0.95 else None

        self._person(household, father + self.names.given("male"), "male", grown, shared)
        size = rng.choices((1, 2, 3, 4, 5), (25, 30, 26, 12, 7))[0]
        if size > 1:
            born = grown + timedelta(days=rng.randrange(-1500, 2500))
            self._person(household, mother + self.names.given("female"), "female", born, own())
        child = grown + timedelta(days=rng.randrange(22 * 365, 36 * 365))
        middle = self.names.given("male")[0]
        for _ in range(size - 2):
            twin = rng.random() < 0.04
            sex = rng.choice(("male", "female"))
            given = middle + self.names.given(sex)[0] if rng.random() < 0.3 else self.names.given(sex)
            born = child if twin else child + timedelta(days=rng.randrange(0, 3000))
            if born >= today:
                born = today - timedelta(days=rng.randrange(30, 900))
            young = (today - born).days < 14 * 365
            self._person(household, father + given, sex, born, shared if young else own())
            child = born


Row = dict[str, object]
Damage = Callable[[Row, Town], None]


def _no_id(row: dict[str, object]) -> None:
    row.update(id_type=None, id_number=None, id_is_valid=None, birth_on=None, sex=None)


def _wrong_id(row: dict[str, object], number: str) -> None:
    row.update(id_number=number, id_is_valid=_valid(number), birth_on=None, sex=None)


def _damage_missing_id(row: dict[str, object], town: Town) -> None:
    _no_id(row)


def _damage_id_digit(row: dict[str, object], town: Town) -> None:
    _wrong_id(row, _digit_off(str(row["id_number"]), town.rng))


def _damage_id_swapped(row: dict[str, object], town: Town) -> None:
    _wrong_id(row, _swapped(str(row["id_number"]), town.rng))


def _damage_id_lost_digit(row: dict[str, object], town: Town) -> None:
    number, at = str(row["id_number"]), town.rng.randrange(6, 18)
    _wrong_id(row, number[:at] + number[at + 1 :])


def _damage_sound(row: dict[str, object], town: Town) -> None:
    _no_id(row)
    row["name"] = town.names.sounding_alike(str(row["name"]))


def _damage_look(row: dict[str, object], town: Town) -> None:
    _no_id(row)
    row["name"] = town.names.looking_alike(str(row["name"]))


def _damage_sound_and_digit(row: dict[str, object], town: Town) -> None:
    _wrong_id(row, _digit_off(str(row["id_number"]), town.rng))
    row["name"] = town.names.sounding_alike(str(row["name"]))


def _damage_masked(row: dict[str, object], town: Town) -> None:
    number, phone, name = str(row["id_number"]), row["phone"], str(row["name"])
    _no_id(row)
    row.update(id_type="resident_id", id_mask=number[:4] + "*" * 10 + number[-4:], phone=None)
    if phone:
        row["phone_mask"] = f"{str(phone)[:3]}****{str(phone)[-4:]}"
    if town.rng.random() < 0.6:
        row["name"] = name[0] + "*" * (len(name) - 1)


def _damage_masked_tail(row: dict[str, object], town: Town) -> None:
    number = str(row["id_number"])
    _no_id(row)
    row.update(id_type="resident_id", id_mask="*" * 14 + number[-4:])
    if town.rng.random() < 0.5:
        row["phone"] = None


def _damage_phone_changed(row: dict[str, object], town: Town) -> None:
    _no_id(row)
    row["phone"] = town._phone()


def _damage_phone_digit(row: dict[str, object], town: Town) -> None:
    _no_id(row)
    if row["phone"]:
        row["phone"] = _digit_off(str(row["phone"]), town.rng)


def _damage_moved(row: dict[str, object], town: Town) -> None:
    _no_id(row)
    row.update(town._place(town.rng.randrange(town.people[-1].household + 1)))


def _damage_name_and_building(row: dict[str, object], town: Town) -> None:
    _no_id(row)
    row.update(phone=None, room=None, unit=None)


def _damage_no_id_room_only(row: dict[str, object], town: Town) -> None:
    _damage_sound(row, town)
    row["phone"] = None


def _damage_spaced(row: dict[str, object], town: Town) -> None:
    _no_id(row)
    row["name"] = "　".join(str(row["name"]))


def _damage_character(row: dict[str, object], town: Town) -> None:
    """Any other character of the name is wrong."""
    _no_id(row)
    name, at = str(row["name"]), town.rng.randrange(len(str(row["name"])))
    row["name"] = name[:at] + town.rng.choice(MALE + FEMALE) + name[at + 1 :]


def _damage_character_lost(row: dict[str, object], town: Town) -> None:
    _no_id(row)
    name = str(row["name"])
    if len(name) > 2:
        at = town.rng.randrange(1, len(name))
        row["name"] = name[:at] + name[at + 1 :]


def _damage_order(row: dict[str, object], town: Town) -> None:
    _no_id(row)
    name = str(row["name"])
    row["name"] = name[1:] + name[0]


def _damage_other_name(row: dict[str, object], town: Town) -> None:
    """A name used before, or at home; the number is a digit off."""
    _wrong_id(row, _digit_off(str(row["id_number"]), town.rng))
    name = str(row["name"])
    row["name"] = name[0] + town.names.given(str(row["sex"] or "male"))


DAMAGES: dict[str, tuple[Damage, float]] = {
    "missing_id": (_damage_missing_id, 25),
    "id_digit": (_damage_id_digit, 14),
    "id_swapped": (_damage_id_swapped, 7),
    "id_lost_digit": (_damage_id_lost_digit, 3),
    "sound": (_damage_sound, 10),
    "look": (_damage_look, 6),
    "sound_and_digit": (_damage_sound_and_digit, 4),
    "masked": (_damage_masked, 10),
    "masked_tail": (_damage_masked_tail, 4),
    "phone_changed": (_damage_phone_changed, 5),
    "phone_digit": (_damage_phone_digit, 4),
    "moved": (_damage_moved, 3),
    "name_and_building": (_damage_name_and_building, 2),
    "sound_room_only": (_damage_no_id_room_only, 2),
    "spaced": (_damage_spaced, 3),
    "character": (_damage_character, 3),
    "character_lost": (_damage_character_lost, 1.5),
    "order": (_damage_order, 1),
    "other_name": (_damage_other_name, 1.5),
}
_PLACE_COLUMNS = ("community", "compound", "building", "unit", "room")


def generate(recipe: Recipe) -> World:
    """A roster, samples and results of one round, with everything the recipe asks to go wrong."""
    town = Town(recipe)
    rng = town.rng
    names, shares = list(DAMAGES), [recipe.weights.get(k, w) for k, (_, w) in DAMAGES.items()]
    rows: list[dict[str, object]] = []
    truth: list[tuple[int, int, str]] = []

    def write(
        person: Person,
        role: str,
        share: float,
        with_place: float,
        tube: str | None = None,
        *,
        copied: tuple[Row, str] | None = None,
    ) -> tuple[Row, str]:
        row, damage = dict(copied[0] if copied else person.row), copied[1] if copied else ""
        row.update(role=role, tube_code=tube)
        if not damage and rng.random() < share:
            damage = rng.choices(names, shares)[0]
            DAMAGES[damage][0](row, town)
        if rng.random() >= with_place and damage not in ("name_and_building", "sound_room_only"):
            row.update(dict.fromkeys(_PLACE_COLUMNS))
        rows.append(row)
        truth.append((person.number, person.household, damage))
        return row, damage

    for person in town.people:
        write(person, "roster", recipe.roster_damaged, 1.0)
        if rng.random() < recipe.roster_repeated:
            write(person, "roster", 0.4, 1.0)
    for person in town.people:
        tube, sample = f"T{person.number // 10:08d}", None
        if rng.random() < recipe.samples:
            sample = write(person, "samples", recipe.damaged, 0.7, tube)
        if rng.random() < recipe.results:
            # Half of the laboratories type what stood on the sample, wrong as it was.
            copied = sample if rng.random() < 0.5 else None
            write(person, "results", recipe.damaged, 0.05, tube if rng.random() < 0.5 else None, copied=copied)
    order = list(range(len(rows)))
    rng.shuffle(order)
    return World(
        records=_table([rows[at] for at in order]),
        truth=[truth[at][0] for at in order],
        household=[truth[at][1] for at in order],
        damage=[truth[at][2] for at in order],
    )


def _table(rows: list[dict[str, object]]) -> pa.Table:
    columns = []
    for column in RECORDS.schema:
        if column.name == "record_id":
            columns.append(pa.array(range(len(rows)), pa.int64()))
        else:
            columns.append(pa.array([row.get(column.name) for row in rows], column.type))
    return pa.table(columns, schema=RECORDS.schema)

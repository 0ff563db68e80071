"""Invented names with the frequency shapes of real ones.

Surnames follow the published shares (王 李 张 over 20 % of people); given names follow the fashion of
the decade of birth. All tables are expanded by weight, so that drawing a name is one look-up.
"""

from __future__ import annotations

from random import Random

# Shares per ten thousand, after the published ranking of surnames; the tail is made even.
_SURNAMES = (
    "王710 李700 张670 刘510 陈450 杨320 黄230 赵210 吴200 周190 徐145 孙140 马130 朱125 胡120 "
    "郭115 何110 林110 高100 罗95 郑90 梁85 谢80 宋75 唐70 许68 韩66 冯64 邓62 曹60 彭56 曾55 肖52 "
    "田50 董49 潘48 袁47 蔡46 蒋45 余44 于43 杜42 叶41 程40 魏39 苏38 吕37 丁36 任35 卢34 姚33 "
    "沈33 钟32 姜31 崔31 谭30 陆29 范29 汪28 廖27 石26 金26 韦25 贾24 夏24 付23 方23 邹22 熊22 "
    "白21 孟21 秦20 邱20 侯19 江19 尹18 薛18 闫17 段17 雷16 龙15 黎15 史15 陶14 贺14 毛14 郝13 "
    "顾13 龚13 邵13 万12 覃12 武12 钱12 戴11 严11 莫11 孔10 向10 常10 温9 赖9 施9 牛8 洪8 樊8 葛8 "
    "岳7 殷7 齐7 车6 鲍6 俞6 柳6 祁5 阮5 项5 欧阳7 单4 解4 查3 仇3 盖2 佘2 区2 司徒1 上官1 诸葛1 "
    "司马1 皇甫1 令狐1 夏侯1 慕容1"
)
# Further surnames, each about as frequent as the others here.
_RARER_SURNAMES = (
    "庄聂鲁邢章焦耿童倪符宁翟甘芦柯路尤卜褚娄池卓班冉苗尚蒙谷邬屈涂申宫靳桂荣巫游阎关左裴景鄢"
    "敖窦房农储滕冷闵甄丛凌匡麦楚晏原褟成强习占艾伍梅季饶简瞿辛戚蓝隋苑巩初衣於保臧舒揭银麻粟"
    "党燕连牟屠米刁祝纪廉文管柴商岑喻边干翁包和明沙惠杭贡席宿蔺郎狄鞠计蒲全訾危郁茅庞盛"
)
_RARER_SHARE = 14
_COMMON_GIVEN = {
    (True, 0): "建国 国强 志明 建华 建军 德明 国华 金生 福生 文斌 永强 国平 志强 长林 根生 玉林 树林 春生 海生 立新",
    (False, 0): "秀英 桂英 玉兰 秀兰 桂兰 玉英 凤英 秀珍 玉珍 桂芳 淑珍 金凤 美英 兰英 素珍 月英 惠珍 春梅 爱华 翠英",
    (True, 1): "伟 勇 军 磊 强 涛 超 明 刚 平 辉 鹏 杰 斌 波 俊 峰 建军 志强 海涛 文杰 晓东 小军 俊杰 建平 旭东",
    (False, 1): "芳 娜 敏 静 丽 艳 娟 霞 燕 玲 丹 萍 红 梅 婷 慧 晶 雪梅 海燕 晓燕 丽娟 春燕 小红 丽华 红梅 晓丽",
    (True, 2): "浩宇 子轩 浩然 宇轩 子豪 俊杰 博文 梓轩 宇航 一诺 睿 浩 轩 子墨 奕辰 宇泽 天佑 嘉豪 鑫 俊熙 明轩 文博",
    (
        False,
        2,
    ): "子涵 欣怡 梓涵 诗涵 雨桐 一诺 可馨 欣妍 雨欣 佳怡 梓萱 思涵 语桐 若曦 悦 静怡 雅琪 梦琪 紫涵 佳琪 雨萱",
}
_FIRST = {
    (True, 0): "建国志德文永金福长春海玉树立根荣庆宝世家",
    (False, 0): "秀桂玉凤淑美兰素月惠春爱翠金彩莲香巧银雪",
    (True, 1): "志文建晓海小俊伟国永明立家宏振学东旭云龙",
    (False, 1): "晓丽小海春雪红玉燕文秋慧美艳雅佳云静婷月",
    (True, 2): "子浩宇梓俊博一明嘉奕天睿泽文思晨铭承景书",
    (False, 2): "子梓欣雨诗思佳可语若梦静雅紫一艺芷沐悦书",
}
_SECOND = {
    (True, 0): "国强明华军生林平荣贵福才发根海山祥良成义",
    (False, 0): "英兰珍芳凤莲香花梅琴娥芬玲云娣仙菊霞华妹",
    (True, 1): "军强明辉东平杰涛波峰华斌勇伟林鹏龙飞刚洋",
    (False, 1): "燕红梅丽娟霞萍玲芳艳华敏琴英云静平洁莉娜",
    (True, 2): "轩宇豪然杰文涵泽航辰睿博熙霖阳洋凯诚墨皓",
    (False, 2): "涵怡萱桐欣妍琪悦馨瑶婷彤玥曦颖琳瑜菲宁诺",
}
# What a registrar in a hurry hears or sees instead.
_MISTAKEN = {
    "伟": "炜", "军": "君", "明": "铭", "丽": "莉", "婷": "停", "静": "婧", "杰": "捷", "洋": "阳", "阳": "洋",
    "华": "桦", "芳": "方", "敏": "闵", "燕": "艳", "艳": "燕", "红": "虹", "玲": "铃", "志": "智", "建": "健",
    "文": "雯", "英": "瑛", "秀": "绣", "梅": "玫", "晓": "小", "小": "晓", "宇": "字", "浩": "皓", "涵": "函",
    "轩": "宣", "欣": "新", "怡": "宜", "雨": "语", "语": "雨", "子": "紫", "梓": "子", "佳": "嘉", "嘉": "佳",
    "俊": "竣", "辉": "晖", "平": "萍", "萍": "平", "娟": "鹃", "霞": "遐", "兰": "蓝", "珍": "真", "凤": "风",
    "玉": "王", "国": "囯", "强": "墙", "生": "升", "林": "琳", "海": "诲", "春": "舂", "金": "今", "福": "富",
    "琴": "芹", "云": "芸", "美": "镁", "思": "恩", "琪": "祺", "萱": "宣", "桐": "铜", "悦": "越", "泽": "择",
    "航": "杭", "博": "搏", "勇": "永", "峰": "锋", "涛": "滔",
}  # fmt: skip
_UYGHUR_FIRST_MALE = ("买买提", "艾力", "吐尔逊", "阿不都热合曼", "玉素甫", "伊力哈木", "库尔班")
_UYGHUR_FIRST_FEMALE = ("阿依古丽", "热依汗", "古丽娜尔", "帕提古丽", "阿米娜", "迪丽努尔")
_UYGHUR_LAST = ("艾合买提", "吐尔逊", "买买提", "依明", "卡德尔", "阿布都拉", "托合提")
_TIBETAN = ("扎西顿珠", "尼玛次仁", "卓玛央金", "次仁旺堆", "德吉曲珍", "格桑拉姆")
_FOREIGN = (
    "SMITH JOHN", "TANAKA YUKI", "KIM MINJUN", "NGUYEN THI LAN", "MÜLLER ANNA", "GARCIA MARIA", "IVANOV SERGEI",
    "SINGH RAJESH", "DUBOIS CLAIRE", "OKAFOR EMEKA", "SATO HARUTO", "PARK SOYEON", "BROWN EMILY", "ROSSI MARCO",
)  # fmt: skip
_MINGLED = 4_000


def _expand(weighted: str) -> list[str]:
    table: list[str] = []
    for entry in weighted.split():
        name = entry.rstrip("0123456789")
        table += [name] * int(entry[len(name) :])
    return table


class NameBook:
    """Draws names. ``cohort`` is 0 for people born before 1966, 1 until 1996, 2 after."""

    def __init__(self, rng: Random) -> None:
        self._random = rng.random
        self._surnames = _expand(_SURNAMES) + list(_RARER_SURNAMES) * _RARER_SHARE
        # Where each letter stands in its list gives its weight: early letters are drawn far more often.
        self._given = {key: self._mingle(rng, key) for key in _COMMON_GIVEN}

    @staticmethod
    def _mingle(rng: Random, key: tuple[bool, int]) -> list[str]:
        common = _COMMON_GIVEN[key].split()
        first, second = _FIRST[key], _SECOND[key]
        table = []
        for _ in range(_MINGLED):
            if rng.random() < 0.3:
                table.append(common[int(rng.random() ** 1.6 * len(common))])
            else:
                one = first[int(rng.random() ** 1.3 * len(first))]
                two = second[int(rng.random() ** 1.3 * len(second))]
                table.append(one if one == two else one + two)
        return table

    def surname(self) -> str:
        table = self._surnames
        return table[int(self._random() * len(table))]

    def given(self, male: bool, cohort: int) -> str:
        return self._given[male, cohort][int(self._random() * _MINGLED)]

    def minority(self, male: bool) -> str:
        if self._random() < 0.3:
            return _TIBETAN[int(self._random() * len(_TIBETAN))]
        first = _UYGHUR_FIRST_MALE if male else _UYGHUR_FIRST_FEMALE
        last = _UYGHUR_LAST[int(self._random() * len(_UYGHUR_LAST))]
        return f"{first[int(self._random() * len(first))]}·{last}"

    def foreign(self) -> str:
        return _FOREIGN[int(self._random() * len(_FOREIGN))]


def misheard(name: str) -> str | None:
    """``name`` with one character replaced by one that sounds or looks the same; None where none does."""
    for index in range(len(name) - 1, 0, -1):
        other = _MISTAKEN.get(name[index])
        if other is not None:
            return name[:index] + other + name[index + 1 :]
    return None

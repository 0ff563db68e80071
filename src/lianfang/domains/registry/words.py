"""The closed sets of the registry, and how the words of forms are read into them.

What is not of a set is kept as it was written (in ``remark`` or as free text): a list never loses a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

RELATIONS = ("head", "spouse", "child", "parent", "grandchild", "grandparent", "sibling", "in_law", "tenant", "other")
CLASSES = ("permanent", "floating")
TENANCIES = ("owner", "tenant", "shared", "work", "empty")
ID_TYPES = ("resident_id", "passport", "hk_macao_permit", "taiwan_permit", "foreigner_id", "other")
SEXES = ("male", "female")
SPECIAL_NEEDS = (
    "dialysis", "oxygen", "bedridden", "disabled", "pregnant", "infant", "elderly", "elderly_alone", "child_alone",
    "chronic_medicine", "mental", "cannot_cook", "no_phone", "no_chinese",
)  # fmt: skip
URGENT_NEEDS = frozenset(("dialysis", "oxygen", "bedridden", "pregnant", "infant"))

_RELATION_WORDS: Mapping[str, str] = {
    "head": "户主 本人 户主本人 业主 房主",
    "spouse": "配偶 妻子 丈夫 妻 夫 老婆 老公 爱人 夫妻",
    "child": "子女 儿子 女儿 子 女 长子 次子 三子 长女 次女 三女 独生子 独生女 孩子 养子 养女 继子 继女",
    "parent": "父母 父亲 母亲 父 母 爸爸 妈妈",
    "grandchild": "孙子 孙女 孙子女 外孙 外孙女 孙 外孙子 外孙子女",
    "grandparent": "祖父 祖母 爷爷 奶奶 外公 外婆 外祖父 外祖母 姥姥 姥爷 祖父母 外祖父母",
    "sibling": "兄弟 姐妹 哥哥 弟弟 姐姐 妹妹 兄弟姐妹 兄 弟 姐 妹",
    "in_law": "儿媳 媳妇 女婿 公公 婆婆 岳父 岳母 公婆 岳父母",
    "tenant": "租客 租户 承租人 房客 租住 合租",
    "other": "其他 其它 亲属 亲戚 朋友 保姆 护工 住家保姆 同事 其他亲属 非亲属",
}
_CLASS_WORDS: Mapping[str, str] = {
    "permanent": "常住 常住人口 户籍 户籍人口 本地 本地户籍 人户一致 常住户籍",
    "floating": "流动 流动人口 暂住 暂住人口 外来 外来人口 外来人员 租住 租户 非户籍",
}
_TENANCY_WORDS: Mapping[str, str] = {
    "owner": "自住 自有 业主 产权 自有房 自购 业主自住",
    "tenant": "租住 出租 租赁 租户 承租 租房 整租",
    "shared": "合租 群租",
    "work": "宿舍 员工宿舍 集体 集体宿舍 单位宿舍",
    "empty": "空置 空房 无人居住 未入住",
}
# Looked for inside of the text: people write 需血透，每周三次.
_NEED_PATTERNS: tuple[tuple[str, str], ...] = (
    ("dialysis", "透析|血透|腹透|尿毒症|dialysis"),
    ("oxygen", "吸氧|制氧|氧气|呼吸机|oxygen"),
    ("bedridden", "卧床|瘫痪|失能|行动不便|bedridden"),
    ("disabled", "残疾|残障|盲人|聋哑|轮椅|disab"),
    ("pregnant", "孕妇|怀孕|孕产妇|产妇|孕期|待产|pregnan"),
    ("infant", "婴儿|婴幼儿|新生儿|哺乳|奶粉|infant"),
    ("elderly_alone", "独居老人|空巢|孤寡|独居"),
    ("elderly", "老人|老年人|高龄|elderly"),
    ("child_alone", "留守儿童|儿童独自|孩子独自|无人照看"),
    ("chronic_medicine", "慢病|慢性病|高血压|糖尿病|长期用药|常年服药|用药|服药|化疗|放疗|冠心病|chronic"),
    ("mental", "精神障碍|精神疾病|精神病|抑郁|自闭|智力"),
    ("cannot_cook", "不能做饭|无法做饭|不会做饭|没有厨房|无厨房|送餐|cannot cook"),
    ("no_phone", "无手机|没有手机|没手机|无智能手机|不会用手机|不会用智能手机|no phone|no smartphone"),
    ("no_chinese", "不懂中文|不会中文|不会汉语|外语|no chinese"),
)
_NEEDS = tuple((code, re.compile(pattern)) for code, pattern in _NEED_PATTERNS)
_NOTHING = re.compile(r"^(?:无|没有|否|-+|/+|不需要|none|no|n)?$")
_APART = re.compile(r"[,，、;；/|\s]+")


def _by_word(words: Mapping[str, str]) -> dict[str, str]:
    return {word: code for code, listed in words.items() for word in (code, *listed.split())}


_RELATIONS = _by_word(_RELATION_WORDS)
_CLASSES = _by_word(_CLASS_WORDS)
_TENANCIES = _by_word(_TENANCY_WORDS)


def read_relation(text: str | None) -> str:
    """The code of a relation to the head, or the word as written (at most 20 characters)."""
    return _read(text, _RELATIONS, 20)


def read_class(text: str | None) -> str:
    """permanent, floating, or the word as written (at most 12 characters)."""
    return _read(text, _CLASSES, 12)


def read_tenancy(text: str | None) -> str:
    """The code of a tenancy, or the word as written (at most 20 characters)."""
    return _read(text, _TENANCIES, 20)


def _read(text: str | None, words: Mapping[str, str], longest: int) -> str:
    bare = (text or "").strip().lower()
    return words.get(bare) or (text or "").strip()[:longest]


@lru_cache(maxsize=4096)
def read_needs(text: str | None) -> tuple[str, ...]:
    """The special needs that a text speaks of, in the order of SPECIAL_NEEDS; free words it cannot place are kept
    as they are, one per part of the text, cut to 20 characters."""
    found: set[str] = set()
    others: list[str] = []
    for part in _APART.split((text or "").strip()):
        if _NOTHING.match(part.lower()):
            continue
        if part in SPECIAL_NEEDS:
            found.add(part)
            continue
        codes = [code for code, pattern in _NEEDS if pattern.search(part.lower())]
        if "elderly_alone" in codes and "elderly" in codes:
            codes.remove("elderly")
        found.update(codes)
        if not codes:
            others.append(part[:20])
    return (*ordered_needs(found), *dict.fromkeys(others))


def ordered_needs(codes: Iterable[str]) -> tuple[str, ...]:
    """Known codes in the order of SPECIAL_NEEDS, others after them as they came."""
    given = tuple(dict.fromkeys(codes))
    return (*(code for code in SPECIAL_NEEDS if code in given), *(code for code in given if code not in SPECIAL_NEEDS))

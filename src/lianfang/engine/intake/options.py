"""What the choices of a column say about it: 采样方式 with 10混1 is the size of a pool, with 咽拭子 the specimen.

The choices are those that the label lists (in brackets or as a code table), or the cells themselves.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

_POOL = re.compile(
    r".*(?:[0-9]+\s*[:：/]\s*1|[0-9十廿二五]+\s*(?:混|合)\s*(?:1|一|采|检|样)?|[0-9]+\s*in\s*1|[0-9]+人(?:份|混)|[一1每]户[一1]管|户混).*",
    re.IGNORECASE,
)
_SINGLE = re.compile(
    r"(?:单(?:采|检|样|管|人|人单管|人单检|混)?|混(?:采|检|样|管)|single|pool(?:ed)?|一人一管|1[:：]1|1混1)",
    re.IGNORECASE,
)
_SPECIMEN = re.compile(r".*(?:拭子|口咽|鼻咽|咽|鼻|痰|血|粪|便|唾液|肛|swab|saliva).*", re.IGNORECASE)
_MATERIALS = re.compile(r".*(?:身份证|护照|通行证).*")
_CARE = re.compile(r".*(?:孕|产妇|透|精神|残|卧床|独居|低保|高龄|失能).*")
_CONTACT = re.compile(r".*(?:密接|次密|一般接触|密切接触).*")
_POSITIVE = re.compile(r".*(?:阴|阳|陰|陽|negative|positive).*", re.IGNORECASE)


class Choice(NamedTuple):
    """Fields that may be confused, and which of them the choices decide for."""

    among: frozenset[str]
    field: str
    pattern: re.Pattern[str]
    share: float


_SAMPLING = frozenset(("specimen_type", "test_kind", "tube_capacity", "test_method"))
_CHOICES = (
    Choice(_SAMPLING - {"test_method"}, "specimen_type", _SPECIMEN, 0.6),
    Choice(_SAMPLING, "tube_capacity", _POOL, 0.3),
    Choice(_SAMPLING, "test_kind", _SINGLE, 0.7),
    Choice(frozenset(("class_kind",)), "contact_kind", _CONTACT, 0.6),
    Choice(frozenset(("class_kind",)), "key_person_kind", _CARE, 0.6),
    Choice(frozenset(("class_kind", "test_kind")), "id_type", _MATERIALS, 0.8),
    Choice(frozenset(("status_code", "test_kind", "specimen_type")), "result", _POSITIVE, 0.8),
)
_BRACKETS = re.compile(r"[(（\[【]([^()（）\[\]【】]*)[)）\]】]")
_NUMBERED = re.compile(r"[0-9]\s*[-:：.、]?\s*(?=[^0-9])")
_BETWEEN = re.compile(r"[/、,，;；|]|\s+|或")


def choices_in(label: str, codes: Mapping[str, str]) -> tuple[str, ...]:
    """The choices that a label lists: the meanings of its code table, or what stands in its brackets."""
    if codes:
        return tuple(codes.values())
    for inside in _BRACKETS.findall(label):
        listed = [one for one in _BETWEEN.split(inside) if one]
        if len(listed) < 2:
            listed = [one for one in _NUMBERED.split(inside) if one]
        if len(listed) >= 2:
            return tuple(listed)
    return ()


def decided_by(field: str, choices: Sequence[str]) -> str | None:
    """The field that the choices show, where they say that it is another than ``field`` or confirm it; else None."""
    if not choices:
        return None
    for among, other, pattern, share in _CHOICES:
        if field in among and sum(pattern.fullmatch(one) is not None for one in choices) >= share * len(choices):
            return other
    return None

"""What every file of a pack is made of: strict models, dates, codes, words, grades of sources."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

Grade = Literal["A", "B", "C", "D"]
Status = Literal["green", "unknown", "yellow", "red"]
Language = Literal["zh-Hans", "zh-Hant", "en"]
LANGUAGES: tuple[Language, ...] = ("zh-Hans", "zh-Hant", "en")
RESTRICTIVE = ("yellow", "red")

_TO_THE_MINUTE = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01]) ([01]\d|2[0-3]):[0-5]\d")


def _to_instant(value: Any) -> Any:
    """A day means its first moment; seconds may be left out; an instant with a zone is left to be refused."""
    if isinstance(value, str) and _TO_THE_MINUTE.fullmatch(value):
        return datetime.fromisoformat(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime.combine(value, time())
    return value


def _naive(value: Any) -> Any:
    if isinstance(value, datetime) and value.tzinfo is not None:
        raise PydanticCustomError("zone_given", "local time of the place, without a zone")
    return value


def _number(value: Any) -> Any:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise PydanticCustomError("number_type", "a number, or null")
    return value


Instant = Annotated[
    datetime,
    BeforeValidator(_naive),
    BeforeValidator(_to_instant),
    WithJsonSchema({"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2})?)?$"}),
]
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
Number = Annotated[int | float | None, PlainValidator(_number, json_schema_input_type=int | float | None)]
Words = Annotated[str, Field(min_length=1, max_length=2000)]


class Model(BaseModel):
    """Strict, closed and immutable."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, populate_by_name=False)


class InThreeLanguages(Model):
    zh_hans: Words = Field(alias="zh-Hans")
    zh_hant: Words = Field(alias="zh-Hant")
    en: Words

    def in_language(self, language: Language) -> str:
        return {"zh-Hans": self.zh_hans, "zh-Hant": self.zh_hant, "en": self.en}[language]


_HAN = re.compile(r"[\u4e00-\u9fff]")


def said_in(words: str, english: str | None, language: str) -> tuple[str, bool]:
    """What stands in a pack, which quotes in Chinese, for readers of a language, and whether they read it as theirs."""
    if language == "en" and english is not None:
        return english, True
    return words, language == LANGUAGES[0] or not _HAN.search(words)


class Source(Model):
    """Where something was read. Grade A official text, B reprint by a news medium, C other reprint, D weak."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")]
    title: Words
    title_en: Words | None = None
    found: Words
    grade: Grade


class Graded(Model):
    """Something that rests on sources of the manifest, by their ids.

    ``reference_en`` is our translation of the reference, for readers of English pages; the reference is what counts.
    """

    sources: tuple[str, ...] = ()
    reference: Words
    reference_en: Words | None = None
    grade: Grade
    unverified: bool = False

    def reference_in(self, language: str) -> tuple[str, bool]:
        """The reference for readers of a language, and whether it is in it as far as we know."""
        return said_in(self.reference, self.reference_en, language)


class Effective(Model):
    """Half open: the first moment belongs to it, the last does not. Null is open."""

    from_: Instant = Field(alias="from")
    to: Instant | None

    def contains(self, as_of: datetime) -> bool:
        return self.from_ <= as_of and (self.to is None or as_of < self.to)


class Dated(Graded):
    """Something that may hold for a part of the pack's time only; without ``effective`` as long as the pack."""

    effective: Effective | None = None

    def holds_at(self, as_of: datetime) -> bool:
        return self.effective is None or self.effective.contains(as_of)

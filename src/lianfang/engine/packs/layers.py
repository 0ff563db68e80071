"""Layers: what a province, city or county sets instead of the pack's own values, key by key, with its reason.

``layers/<division code>.yaml`` beside the pack: two digits are a province, four a city, six a county. Only what
the pack opens to that tier (``open_to``) can be set; the narrower layer is applied after the wider one. The
result is a pack of its own, with its own digest, that says of every value where it came from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import Field, PlainValidator
from pydantic_core import PydanticCustomError

from lianfang.engine.packs.base import Dated, Effective, Graded, Instant, InThreeLanguages, Model, Source
from lianfang.engine.packs.model import DatedValue, Parameter, Tier

if TYPE_CHECKING:
    from lianfang.engine.packs.pack import Pack

TIERS: dict[int, Tier] = {2: "province", 4: "city", 6: "county"}
_E = TypeVar("_E", bound=Dated)


def _value(value: Any) -> Any:
    if isinstance(value, bool | dict):
        raise PydanticCustomError("value_type", "a number, a list, or null")
    return value


Value = Annotated[
    int | float | str | tuple[int | str, ...] | None,
    PlainValidator(_value, json_schema_input_type=int | float | str | list[int | str] | None),
]


class Override(Graded):
    """One key set to ``value``, from ``from`` until ``to`` or as long as the layer holds."""

    key: Annotated[str, Field(pattern=r"^[a-z_]+(\.[a-z0-9_]+){1,2}$")]
    from_: Instant = Field(alias="from")
    to: Instant | None = None
    value: Value
    because: InThreeLanguages


class LayerFile(Model):
    name: InThreeLanguages
    authority: InThreeLanguages
    effective: Effective
    sources: tuple[Source, ...] = ()
    overrides: Annotated[tuple[Override, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer's file, for the division whose code is its name."""

    division: str
    file: LayerFile
    digest: str

    @property
    def tier(self) -> Tier:
        return TIERS[len(self.division)]

    def span_of(self, override: Override) -> tuple[datetime, datetime | None]:
        """When the override holds: its own time within the layer's."""
        ends = [end for end in (override.to, self.file.effective.to) if end is not None]
        return max(override.from_, self.file.effective.from_), min(ends, default=None)


@dataclass(frozen=True, slots=True)
class Origin:
    """Which layer set a key for which time, to what and why."""

    layer: Layer
    override: Override
    from_: datetime
    to: datetime | None

    def holds_at(self, as_of: datetime) -> bool:
        return self.from_ <= as_of and (self.to is None or as_of < self.to)


# Table of a pack → what of its entries can be set, beside the parameters.
_FIELDS = {
    "groups": ("every_days", "share_per_day"),
    "pool_sizes": ("sizes",),
    "levels": ("measures",),
    "clocks": ("within",),
    "retention": ("keep_days",),
}


@dataclass(frozen=True, slots=True)
class OpenKey:
    """A key that can be set by a layer at all, and the tiers it is open to."""

    key: str
    open_to: tuple[Tier, ...]


def open_keys(pack: Pack) -> dict[str, OpenKey]:
    """Every key that has a name for layers, whether it is open to somebody or not."""
    found = {f"parameters.{name}": one.open_to for name, one in pack.parameters.items()}
    for table, fields in _FIELDS.items():
        for name, entry in _entries(pack, table):
            found.update({f"{table}.{name}.{field}": entry.open_to for field in fields})
    return {key: OpenKey(key, open_to) for key, open_to in found.items()}


def _entries(pack: Pack, table: str) -> Iterator[tuple[str, Any]]:
    if table in ("groups", "pool_sizes"):
        entries: Sequence[Any] = getattr(pack.testing, table) if pack.testing else ()
    elif table == "levels":
        entries = pack.areas.levels if pack.areas else ()
    else:
        entries = getattr(pack, table)
    for entry in entries:
        yield _name(entry), entry


def _name(entry: Any) -> str:
    return str(next(getattr(entry, key) for key in ("id", "for_", "purpose") if hasattr(entry, key)))


def layered(pack: Pack, layers: Sequence[Layer]) -> Pack:
    """``pack`` with the layers set over it, the widest first. They must have passed the lint.

    Raises ``ValueError`` (pydantic's) where a value does not fit its key.
    """
    done, digest = pack, hashlib.sha256(pack.digest.encode())
    for layer in sorted(layers, key=lambda each: len(each.division)):
        digest.update(f"{layer.division} {layer.digest}".encode())
        for override in layer.file.overrides:
            done = _set(done, layer, override)
        sources = {source.id: source for source in (*done.manifest.sources, *layer.file.sources)}
        done = replace(done, manifest=done.manifest.model_copy(update={"sources": tuple(sources.values())}))
    return replace(done, digest=digest.hexdigest()) if layers else pack


def _set(pack: Pack, layer: Layer, override: Override) -> Pack:
    start, end = layer.span_of(override)
    table, name, *field = override.key.split(".")
    origin = Origin(layer, override, start, end)
    origins = {**pack.origins, override.key: (*pack.origins.get(override.key, ()), origin)}
    if table == "parameters":
        last = pack.manifest.effective.to
        is_to_the_end = end is not None and last is not None and end >= last
        changed = _spliced(pack.parameters[name], override, start, None if is_to_the_end else end)
        return replace(pack, parameters={**pack.parameters, name: changed}, origins=origins)
    entries = tuple(
        piece
        for entry_name, entry in _entries(pack, table)
        for piece in (_pieces(pack, entry, override, field[0], (start, end)) if entry_name == name else (entry,))
    )
    if table in ("groups", "pool_sizes") and pack.testing is not None:
        return replace(pack, testing=pack.testing.model_copy(update={table: entries}), origins=origins)
    if table == "levels" and pack.areas is not None:
        return replace(pack, areas=pack.areas.model_copy(update={"levels": entries}), origins=origins)
    changes: dict[str, Any] = {table: entries}
    return replace(pack, origins=origins, **changes)


def _spliced(parameter: Parameter, override: Override, start: datetime, end: datetime | None) -> Parameter:
    """The values with the override's between ``start`` and ``end``; after it, what would have stood then."""
    new = DatedValue.model_validate(
        {
            "from": start,
            "value": override.value,
            "sources": override.sources,
            "reference": override.reference,
            "grade": override.grade,
            "unverified": override.unverified,
        }
    )
    values = [one for one in parameter.values if one.from_ < start] + [new]
    if end is not None:
        standing = [one for one in parameter.values if one.from_ <= end]
        if standing:
            values.append(standing[-1].model_copy(update={"from_": end}))
        values += [one for one in parameter.values if one.from_ > end]
    return parameter.model_copy(update={"values": tuple(values)})


def _pieces(
    pack: Pack, entry: _E, override: Override, field: str, span: tuple[datetime, datetime | None]
) -> Iterator[_E]:
    """The entry before, during and after the override; what is empty is left out."""
    whole = entry.effective or pack.manifest.effective
    changed = _with(entry, field, override)
    start, end = span
    for piece, from_, to in ((entry, whole.from_, start), (changed, start, end), (entry, end, whole.to)):
        if from_ is None:
            continue
        begin = max(from_, whole.from_)
        ends = [one for one in (to, whole.to) if one is not None]
        finish = min(ends, default=None)
        if finish is None or begin < finish:
            yield piece.model_copy(update={"effective": Effective.model_validate({"from": begin, "to": finish})})


def _with(entry: _E, field: str, override: Override) -> _E:
    name = next(iter(f"within_{unit}" for unit in entry.lengths)) if field == "within" else field  # type: ignore[attr-defined]
    given = entry.model_dump(by_alias=True, exclude_unset=True)
    graded = {key: getattr(override, key) for key in ("sources", "reference", "grade", "unverified")}
    return type(entry).model_validate({**given, name: override.value, **graded})

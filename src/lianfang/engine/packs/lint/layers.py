"""Layers: keys that exist and are open, values that fit, no key twice at once, and a pack that is still sound."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from pydantic import ValidationError

from lianfang.engine.packs.layers import TIERS, Layer, LayerFile, Override, layered, open_keys
from lianfang.engine.packs.lint.drafts import check_graded
from lianfang.engine.packs.pack import Pack
from lianfang.engine.packs.problems import Problem
from lianfang.engine.packs.validating import note_value
from lianfang.engine.packs.yaml_lines import KeyPath, YamlFile

Examine = Callable[[Pack], tuple[Problem, ...]]


def is_division(code: str) -> bool:
    return code.isascii() and code.isdigit() and len(code) in TIERS


def check_layer(pack: Pack, layer: Layer, file: YamlFile, examine: Examine) -> None:
    """``pack`` is what it is set over, the wider layers included; ``examine`` says what is wrong with a pack."""
    own, whole = layer.file.effective, pack.manifest.effective
    if own.to is not None and own.to <= own.from_:
        file.problem("effective_backwards", ("effective", "to"), given=str(own.to), from_instant=str(own.from_))
    if whole.to is not None and own.from_ >= whole.to:
        file.problem("value_never_in_force", ("effective", "from"), given=str(own.from_), ends=str(whole.to))
    _check_sources(pack, layer.file, file)
    known = open_keys(pack)
    for index, override in enumerate(layer.file.overrides):
        path: KeyPath = ("overrides", index)
        if override.key not in known:
            file.problem("layer_key_unknown", (*path, "key"), given=override.key, known=_opened(pack, layer))
        elif layer.tier not in known[override.key].open_to:
            wanted = ", ".join(known[override.key].open_to) or "–"
            file.problem("layer_key_closed", (*path, "key"), given=override.key, tier=layer.tier, wanted=wanted)
        elif _fits(pack, layer, override, path, file):
            _check_time(pack, layer, index, file)
    if not file.problems:
        _check_result(pack, layer, file, examine)


def _opened(pack: Pack, layer: Layer) -> str:
    return ", ".join(key for key, one in open_keys(pack).items() if layer.tier in one.open_to) or "–"


def _check_sources(pack: Pack, layer: LayerFile, file: YamlFile) -> None:
    known = {source.id: source for source in pack.manifest.sources}
    for index, source in enumerate(layer.sources):
        if known.setdefault(source.id, source) != source:
            file.problem("source_repeated", ("sources", index, "id"), given=source.id)
    grades = {source.id: source.grade for source in known.values()}
    for index, override in enumerate(layer.overrides):
        check_graded(grades, file, ("overrides", index), override)


def _fits(pack: Pack, layer: Layer, override: Override, path: KeyPath, file: YamlFile) -> bool:
    try:
        alone = layer.file.model_copy(update={"overrides": (override,)})
        layered(pack, (Layer(layer.division, alone, layer.digest),))
    except ValidationError as error:
        note_value(error, file, (*path, "value"), override.value)
        return False
    return True


def _check_time(pack: Pack, layer: Layer, index: int, file: YamlFile) -> None:
    override = layer.file.overrides[index]
    start, end = layer.span_of(override)
    path: KeyPath = ("overrides", index)
    if start < pack.manifest.effective.from_:
        begins = str(pack.manifest.effective.from_)
        file.problem("value_before_pack", (*path, "from"), given=str(start), begins=begins)
    if end is not None and end <= start:
        file.problem("effective_backwards", (*path, "from"), given=str(end), from_instant=str(start))
    for other in layer.file.overrides[:index]:
        if other.key == override.key and _touch((start, end), layer.span_of(other)):
            file.problem("layer_overlap", (*path, "from"), given=override.key)


def _touch(one: tuple[datetime, datetime | None], other: tuple[datetime, datetime | None]) -> bool:
    first, second = sorted((one, other), key=lambda span: span[0])
    return first[1] is None or first[1] > second[0]


def _check_result(pack: Pack, layer: Layer, file: YamlFile, examine: Examine) -> None:
    """What is wrong with the pack under this layer, and was not wrong before."""
    before = {(one.code, one.key) for one in examine(pack)}
    for problem in examine(layered(pack, (layer,))):
        if problem.is_error and (problem.code, problem.key) not in before:
            file.problem("layer_breaks", ("overrides",), what=problem.code, key=f"{problem.file} {problem.key}")

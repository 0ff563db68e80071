"""The files of a pack under examination, and the checks that several files share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from lianfang.engine.packs.areas import AreasFile
from lianfang.engine.packs.base import Dated
from lianfang.engine.packs.categories import Category, CategoryId
from lianfang.engine.packs.clocks import Clock, Retention
from lianfang.engine.packs.model import (
    LANGUAGES,
    Grade,
    Graded,
    Language,
    Manifest,
    PackTexts,
    Parameter,
    Rules,
)
from lianfang.engine.packs.testing import TestingFile
from lianfang.engine.packs.yaml_lines import KeyPath, YamlFile

_WEAK = ("C", "D")
SPANS = ("minutes", "hours", "days")


@dataclass(frozen=True, slots=True)
class Drafts:
    """The files of a pack, each valid by itself; problems are noted on the files."""

    manifest: Manifest
    parameters: Mapping[str, Parameter]
    rules: Rules
    texts: Mapping[Language, PackTexts]
    files: Mapping[str, YamlFile]
    categories: Mapping[CategoryId, Category] = field(default_factory=dict)
    areas: AreasFile | None = None
    testing: TestingFile | None = None
    clocks: tuple[Clock, ...] = ()
    retention: tuple[Retention, ...] = ()

    @property
    def manifest_file(self) -> YamlFile:
        return self.files["pack.yaml"]

    @property
    def parameters_file(self) -> YamlFile:
        return self.files["parameters.yaml"]

    @property
    def rules_file(self) -> YamlFile:
        return self.files["rules.yaml"]

    @property
    def text_files(self) -> Mapping[Language, YamlFile]:
        return {language: self.files[f"texts/{language}.yaml"] for language in LANGUAGES}

    def values_of(self, bound: int | float | str | None) -> tuple[int | float, ...]:
        """Every number that a bound has while the pack is in force; none for what is retired or not there."""
        if bound is None or not isinstance(bound, str):
            return () if bound is None else (bound,)
        parameter = self.parameters.get(bound)
        return () if parameter is None else tuple(one.value for one in parameter.values if one.value is not None)

    def is_ever_retired(self, bound: int | float | str | None) -> bool:
        parameter = self.parameters.get(bound) if isinstance(bound, str) else None
        return parameter is not None and any(one.value is None for one in parameter.values)


def check_grade(drafts: Drafts, file: YamlFile, path: KeyPath, graded: Graded) -> None:
    """Against the sources of the manifest."""
    check_graded({source.id: source.grade for source in drafts.manifest.sources}, file, path, graded)


def check_graded(grades: Mapping[str, Grade], file: YamlFile, path: KeyPath, graded: Graded) -> None:
    """A grade is no better than its source's; what is weak, or has no source, is marked."""
    for index, given in enumerate(graded.sources):
        if given not in grades:
            file.problem("source_unknown", (*path, "sources", index), given=given, known=", ".join(grades))
    known = [grades[given] for given in graded.sources if given in grades]
    if known and graded.grade < min(known):
        file.problem("grade_too_good", (*path, "grade"), given=graded.grade, source_grade=min(known))
    if not known and graded.grade != "D":
        file.problem("grade_too_good", (*path, "grade"), given=graded.grade, source_grade="D")
    if graded.grade in _WEAK and not graded.unverified:
        file.problem("not_marked_unverified", (*path, "grade"), grade=graded.grade)


def check_bound(drafts: Drafts, file: YamlFile, path: KeyPath, bound: object, units: Iterable[str | None]) -> None:
    """A bound that names a parameter names one that is there and is measured in one of ``units``."""
    if not isinstance(bound, str):
        return
    wanted = [unit or "count" for unit in units]
    parameter = drafts.parameters.get(bound)
    if parameter is None:
        file.problem("parameter_unknown", path, given=bound, known=", ".join(sorted(drafts.parameters)))
    elif parameter.unit not in wanted:
        file.problem("wrong_unit", path, given=bound, unit=parameter.unit, wanted=", ".join(wanted))


def check_entry(drafts: Drafts, file: YamlFile, path: KeyPath, entry: Dated) -> None:
    """Grade, and a time within the pack's."""
    check_grade(drafts, file, path, entry)
    own, whole = entry.effective, drafts.manifest.effective
    if own is None:
        return
    if own.to is not None and own.to <= own.from_:
        file.problem("effective_backwards", (*path, "effective", "to"), given=str(own.to), from_instant=str(own.from_))
    elif own.from_ < whole.from_:
        file.problem("value_before_pack", (*path, "effective", "from"), given=str(own.from_), begins=str(whole.from_))
    elif whole.to is not None and own.from_ >= whole.to:
        file.problem("value_never_in_force", (*path, "effective", "from"), given=str(own.from_), ends=str(whole.to))


def check_repeats(file: YamlFile, entries: Iterable[tuple[KeyPath, str, Dated]]) -> None:
    """The same name twice is allowed only for times that follow each other; a hole between them is doubtful."""
    seen: dict[str, list[tuple[KeyPath, Dated]]] = {}
    for path, name, entry in entries:
        if any(_overlap(entry, other) for _, other in seen.get(name, ())):
            file.problem("entry_repeated", path, given=name)
        seen.setdefault(name, []).append((path, entry))
    for name, pieces in seen.items():
        spans = [(path, entry.effective) for path, entry in pieces if entry.effective is not None]
        spans.sort(key=lambda each: each[1].from_)
        for (_, before), (path, after) in pairwise(spans):
            if before.to is not None and before.to < after.from_:
                file.problem("entry_gap", path, given=name, since=str(before.to), until=str(after.from_))


def _overlap(one: Dated, other: Dated) -> bool:
    if one.effective is None or other.effective is None:
        return True
    first, second = sorted((one.effective, other.effective), key=lambda each: each.from_)
    return first.to is None or first.to > second.from_

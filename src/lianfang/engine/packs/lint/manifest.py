"""Manifest, sources and dated values."""

from __future__ import annotations

from lianfang.engine.packs.lint.drafts import Drafts, check_grade
from lianfang.engine.packs.model import Parameter
from lianfang.engine.packs.yaml_lines import KeyPath

_LARGEST_VALUE = 100_000


def check_manifest(drafts: Drafts, folder_id: str) -> None:
    manifest, file = drafts.manifest, drafts.manifest_file
    if manifest.id != folder_id:
        file.problem("id_not_folder", ("id",), wanted=folder_id, given=manifest.id)
    effective = manifest.effective
    if effective.to is not None and effective.to <= effective.from_:
        file.problem(
            "effective_backwards", ("effective", "to"), given=str(effective.to), from_instant=str(effective.from_)
        )
    seen: set[str] = set()
    for index, source in enumerate(manifest.sources):
        if source.id in seen:
            file.problem("source_repeated", ("sources", index, "id"), given=source.id)
        seen.add(source.id)
    check_grade(drafts, file, ("transition",), manifest.transition)


def check_values(drafts: Drafts, name: str, parameter: Parameter) -> None:
    file, effective = drafts.parameters_file, drafts.manifest.effective
    first = parameter.values[0]
    if first.from_ > effective.from_:
        file.problem("values_gap", (name, "values", 0, "from"), starts=str(first.from_), needed=str(effective.from_))
    for index, dated in enumerate(parameter.values):
        path: KeyPath = (name, "values", index)
        if index and dated.from_ <= parameter.values[index - 1].from_:
            before = parameter.values[index - 1].from_
            file.problem("values_out_of_order", (*path, "from"), given=str(dated.from_), before=str(before))
        if effective.to is not None and dated.from_ >= effective.to:
            file.problem("value_never_in_force", (*path, "from"), given=str(dated.from_), ends=str(effective.to))
        if dated.value is not None and not 0 < dated.value <= _LARGEST_VALUE:
            file.problem("value_out_of_range", (*path, "value"), given=str(dated.value), most=_LARGEST_VALUE)
        check_grade(drafts, file, path, dated)

"""A pack from its folder: files → models → cross checks. Everything that is wrong is said at once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from lianfang.engine.packs.areas import AreasFile
from lianfang.engine.packs.categories import CategoriesFile
from lianfang.engine.packs.clocks import ClocksFile, RetentionFile
from lianfang.engine.packs.layers import Layer, LayerFile, layered
from lianfang.engine.packs.lint import Drafts, cross_check
from lianfang.engine.packs.lint.layers import check_layer, is_division
from lianfang.engine.packs.model import LANGUAGES, Manifest, Model, PackTexts, Parameter, Rules
from lianfang.engine.packs.pack import Pack
from lianfang.engine.packs.problems import PackError, Problem
from lianfang.engine.packs.testing import TestingFile
from lianfang.engine.packs.validating import read_mapping, read_model
from lianfang.engine.packs.yaml_lines import YamlFile, read_yaml

MANIFEST, PARAMETERS, RULES = "pack.yaml", "parameters.yaml", "rules.yaml"
TEXT_FILES = {language: f"texts/{language}.yaml" for language in LANGUAGES}
FILES = (MANIFEST, PARAMETERS, RULES, *TEXT_FILES.values())
CATEGORIES, AREAS, TESTING, CLOCKS, RETENTION = (
    "categories.yaml",
    "areas.yaml",
    "testing.yaml",
    "clocks.yaml",
    "retention.yaml",
)
LAYERS = "layers"
OPTIONAL_MODELS: Mapping[str, type[Model]] = {
    CATEGORIES: CategoriesFile,
    AREAS: AreasFile,
    TESTING: TestingFile,
    CLOCKS: ClocksFile,
    RETENTION: RetentionFile,
}


def load_pack(folder: Path) -> Pack:
    """The pack in ``policy_packs/<disease>/<version>/``.

    Raises ``PackError`` with everything that is wrong, each with file, line, key and code.
    """
    pack, problems = read_pack(folder)
    if pack is None:
        raise PackError(problems)
    return pack


def lint_pack(folder: Path) -> tuple[Problem, ...]:
    """Everything that is wrong with the pack, or doubtful (warnings), in the order of files and lines."""
    return read_pack(folder)[1]


def load_packs(root: Path) -> tuple[Pack, ...]:
    """Every pack below ``root`` (``<disease>/<version>/pack.yaml``), by id.

    Raises ``PackError`` for the first one that cannot be used.
    """
    return tuple(load_pack(manifest.parent) for manifest in sorted(root.glob(f"*/*/{MANIFEST}")))


def read_pack(folder: Path) -> tuple[Pack | None, tuple[Problem, ...]]:
    """The pack, or None where an error stands in its way, and everything that is wrong or doubtful."""
    present = [name for name in OPTIONAL_MODELS if (folder / name).is_file()]
    files = {name: read_yaml(folder / name, name) for name in (*FILES, *present)}
    manifest = read_model(Manifest, files[MANIFEST])
    parameters = read_mapping(Parameter, files[PARAMETERS])
    rules = read_model(Rules, files[RULES])
    texts = {language: read_model(PackTexts, files[name]) for language, name in TEXT_FILES.items()}
    extra = {name: read_model(OPTIONAL_MODELS[name], files[name]) for name in present}
    complete = {language: words for language, words in texts.items() if words is not None}
    are_read = len(complete) == len(LANGUAGES) and all(model is not None for model in extra.values())
    if not (manifest and parameters is not None and rules and are_read):
        return None, _sorted(files)
    drafts = Drafts(manifest, parameters, rules, complete, files, **_parts(extra))
    cross_check(drafts, "/".join(folder.resolve().parts[-2:]))
    if any(problem.is_error for problem in _sorted(files)):
        return None, _sorted(files)
    pack = _pack(drafts, _digest(folder, tuple(files)))
    layer_files, layers = _read_layers(folder, pack)
    problems = _sorted({**files, **layer_files})
    has_errors = any(problem.is_error for problem in problems)
    if has_errors:
        return None, problems
    # Whoever approves a pack approves its layers: a layer that changes afterwards must not take effect by itself.
    return replace(pack, layers=layers, digest=_digest(folder, (*files, *layer_files))), problems


def _read_layers(folder: Path, pack: Pack) -> tuple[dict[str, YamlFile], tuple[Layer, ...]]:
    files: dict[str, YamlFile] = {}
    layers: list[Layer] = []
    for path in sorted(folder.glob(f"{LAYERS}/*.yaml")):
        name = f"{LAYERS}/{path.name}"
        file = files[name] = read_yaml(path, name)
        if not is_division(path.stem):
            file.problem("layer_not_division", given=path.stem)
            continue
        content = read_model(LayerFile, file)
        if content is None:
            continue
        layer = Layer(path.stem, content, hashlib.sha256(path.read_bytes()).hexdigest())
        # A wider division's file comes first: its name is the beginning of the narrower one's.
        wider = tuple(one for one in layers if layer.division.startswith(one.division))
        check_layer(layered(pack, wider), layer, file, examine)
        if not any(problem.is_error for problem in file.problems):
            layers.append(layer)
    return files, tuple(layers)


def examine(pack: Pack) -> tuple[Problem, ...]:
    """Everything that is wrong or doubtful with a pack put together from parts; lines mean nothing here."""
    files = {name: YamlFile(name) for name in (*FILES, *OPTIONAL_MODELS)}
    drafts = Drafts(
        pack.manifest,
        pack.parameters,
        Rules(emergency_override=pack.emergency_override, status_rules=pack.rules),
        pack.texts,
        files,
        pack.categories,
        pack.areas,
        pack.testing,
        pack.clocks,
        pack.retention,
    )
    cross_check(drafts, pack.id)
    return _sorted(files)


def _parts(extra: Mapping[str, Any]) -> dict[str, Any]:
    """What stands in the optional files, by the names that drafts and packs use; absent ones are left out."""
    return {
        name: model if within is None else getattr(model, within)
        for file, name, within in (
            (CATEGORIES, "categories", "categories"),
            (AREAS, "areas", None),
            (TESTING, "testing", None),
            (CLOCKS, "clocks", "clocks"),
            (RETENTION, "retention", "retention"),
        )
        if (model := extra.get(file)) is not None
    }


def _pack(drafts: Drafts, digest: str) -> Pack:
    return Pack(
        drafts.manifest,
        drafts.parameters,
        drafts.rules.status_rules,
        drafts.rules.emergency_override,
        drafts.texts,
        digest,
        drafts.categories,
        drafts.areas,
        drafts.testing,
        drafts.clocks,
        drafts.retention,
    )


def _sorted(files: Mapping[str, YamlFile]) -> tuple[Problem, ...]:
    order = {name: index for index, name in enumerate(files)}
    found = {str(problem): problem for file in files.values() for problem in file.problems}
    return tuple(sorted(found.values(), key=lambda each: (order[each.file], each.line, each.key, each.code)))


def _digest(folder: Path, names: tuple[str, ...]) -> str:
    digest = hashlib.sha256()
    for name in names:
        digest.update(name.encode() + b"\0" + (folder / name).read_bytes() + b"\0")
    return digest.hexdigest()

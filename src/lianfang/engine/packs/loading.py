"""A pack from its folder: files → models → cross checks. Everything that is wrong is said at once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from lianfang.engine.packs.linting import Drafts, cross_check
from lianfang.engine.packs.model import LANGUAGES, Manifest, PackTexts, Parameter, Rules
from lianfang.engine.packs.pack import Pack
from lianfang.engine.packs.problems import PackError, Problem
from lianfang.engine.packs.validating import read_mapping, read_model
from lianfang.engine.packs.yaml_lines import YamlFile, read_yaml

MANIFEST, PARAMETERS, RULES = "pack.yaml", "parameters.yaml", "rules.yaml"
TEXT_FILES = {language: f"texts/{language}.yaml" for language in LANGUAGES}
FILES = (MANIFEST, PARAMETERS, RULES, *TEXT_FILES.values())


def load_pack(folder: Path) -> Pack:
    """The pack in ``policy_packs/<disease>/<version>/``.

    Raises ``PackError`` with everything that is wrong, each with file, line, key and code.
    """
    pack, problems = _read(folder)
    if pack is None:
        raise PackError(problems)
    return pack


def lint_pack(folder: Path) -> tuple[Problem, ...]:
    """Everything that is wrong with the pack, or doubtful (warnings), in the order of files and lines."""
    return _read(folder)[1]


def load_packs(root: Path) -> tuple[Pack, ...]:
    """Every pack below ``root`` (``<disease>/<version>/pack.yaml``), by id.

    Raises ``PackError`` for the first one that cannot be used.
    """
    return tuple(load_pack(manifest.parent) for manifest in sorted(root.glob(f"*/*/{MANIFEST}")))


def _read(folder: Path) -> tuple[Pack | None, tuple[Problem, ...]]:
    files = {name: read_yaml(folder / name, name) for name in FILES}
    manifest = read_model(Manifest, files[MANIFEST])
    parameters = read_mapping(Parameter, files[PARAMETERS])
    rules = read_model(Rules, files[RULES])
    texts = {language: read_model(PackTexts, files[name]) for language, name in TEXT_FILES.items()}
    complete = {language: words for language, words in texts.items() if words is not None}
    if manifest and parameters is not None and rules and len(complete) == len(LANGUAGES):
        drafts = Drafts(
            manifest,
            parameters,
            rules,
            complete,
            files[MANIFEST],
            files[PARAMETERS],
            files[RULES],
            {language: files[name] for language, name in TEXT_FILES.items()},
        )
        cross_check(drafts, "/".join(folder.resolve().parts[-2:]))
        problems = _sorted(files)
        if not any(problem.is_error for problem in problems):
            pack = Pack(manifest, parameters, rules.status_rules, rules.emergency_override, complete, _digest(folder))
            return pack, problems
    return None, _sorted(files)


def _sorted(files: Mapping[str, YamlFile]) -> tuple[Problem, ...]:
    order = {name: index for index, name in enumerate(FILES)}
    found = {str(problem): problem for file in files.values() for problem in file.problems}
    return tuple(sorted(found.values(), key=lambda each: (order[each.file], each.line, each.key, each.code)))


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for name in FILES:
        digest.update(name.encode() + b"\0" + (folder / name).read_bytes() + b"\0")
    return digest.hexdigest()

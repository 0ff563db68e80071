"""The JSON schemas for editors are those of the models, and say yes to the packs that the lint says yes to."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from lianfang.engine.packs.schema import schemas
from tests.engine.packs.changing import PACKS, WHOLE

FOLDERS = sorted(path.parent for path in PACKS.glob("*/*/pack.yaml"))


class _AsEditorsRead(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Days are texts: YAML 1.2, which editors read, has no days."""


_AsEditorsRead.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def content(path: Path) -> Any:
    return yaml.load(path.read_text("utf-8"), Loader=_AsEditorsRead)


@cache
def validators() -> dict[str, jsonschema.Draft202012Validator]:
    return {name: jsonschema.Draft202012Validator(json.loads(text)) for name, text in schemas().items()}


def validator_of(path: Path) -> jsonschema.Draft202012Validator:
    name = {"texts": "texts", "layers": "layer"}.get(path.parent.name, path.stem)
    return validators()[f"{name}.json"]


def test_the_schemas_in_the_folder_are_current() -> None:
    written = {path.name: path.read_text("utf-8") for path in (PACKS / "schema").glob("*.json")}
    assert written == schemas(), "run: lianfang policy schema"


def test_every_schema_is_a_schema() -> None:
    for text in schemas().values():
        jsonschema.Draft202012Validator.check_schema(json.loads(text))


@pytest.mark.parametrize("folder", [*FOLDERS, WHOLE], ids=lambda path: f"{path.parent.name}/{path.name}")
def test_sound_packs_fit_the_schemas(folder: Path) -> None:
    paths = [path for path in folder.rglob("*.yaml") if path.name != "cases.yaml"]
    assert len(paths) >= 6
    for path in paths:
        found = validator_of(path).iter_errors(content(path))
        errors = [f"{path.name} {error.json_path}: {error.message}" for error in found]
        assert errors == []


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("categories.yaml", "place: central", "place: centre"),
        ("categories.yaml", "anchor: last_exposed_on", "ancor: last_exposed_on"),
        ("areas.yaml", "fact: spread_is_likely", "fact: spread_is_feared"),
        ("areas.yaml", "rank: 2", "rank: two"),
        ("rules.yaml", "kind: negative_result", "kind: hearsay"),
        ("parameters.yaml", "from: 2022-01-01", "from: New Year"),
        ("testing.yaml", "obligation: must", "obligation: shall"),
        ("layers/61.yaml", "value: 72", "worth: 72"),
    ],
)
def test_an_editor_marks_what_the_lint_refuses(name: str, old: str, new: str) -> None:
    path = WHOLE / name
    text = path.read_text("utf-8")
    assert old in text
    changed = yaml.load(text.replace(old, new, 1), Loader=_AsEditorsRead)
    assert not validator_of(path).is_valid(changed)

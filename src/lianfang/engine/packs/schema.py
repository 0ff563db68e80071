"""JSON schemas of a pack's files, for editors: made from the models, so that they say what the lint says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, TypeAdapter

from lianfang.engine.packs.layers import LayerFile
from lianfang.engine.packs.loading import MANIFEST, OPTIONAL_MODELS, PARAMETERS, RULES
from lianfang.engine.packs.model import Manifest, PackTexts, Parameter, Rules

DRAFT = "https://json-schema.org/draft/2020-12/schema"
# File of a pack → name of its schema. The YAML files name it in their first line:
# ``# yaml-language-server: $schema=../../schema/categories.json``
_MODELS: Mapping[str, type[BaseModel]] = {
    MANIFEST: Manifest,
    RULES: Rules,
    **OPTIONAL_MODELS,
    "texts.yaml": PackTexts,
    "layer.yaml": LayerFile,
}


def schemas() -> dict[str, str]:
    """File name of each schema and its content, ending in a line feed."""
    found = {name.replace(".yaml", ".json"): _of(model) for name, model in _MODELS.items()}
    found[PARAMETERS.replace(".yaml", ".json")] = _finished(
        TypeAdapter(dict[str, Parameter]).json_schema(), "parameters"
    )
    return dict(sorted(found.items()))


def _of(model: type[BaseModel]) -> str:
    return _finished(model.model_json_schema(by_alias=True), model.__name__)


def _finished(schema: dict[str, Any], title: str) -> str:
    whole = {"$schema": DRAFT, "title": title, **{key: value for key, value in schema.items() if key != "title"}}
    return json.dumps(whole, ensure_ascii=False, indent=1, sort_keys=False) + "\n"

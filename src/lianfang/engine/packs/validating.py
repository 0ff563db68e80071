"""Content of a YAML file into models; what does not fit becomes problems with file, line, key and fix."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from lianfang.engine.packs.yaml_lines import KeyPath, YamlFile

_T = TypeVar("_T", bound=BaseModel)

# What a validator found → what is wanted; the words are texts under ``pack.wanted``.
_WANTED = {
    "string_type": "text",
    "string_too_short": "not_empty",
    "string_pattern_mismatch": "plain_name",
    "int_type": "whole_number",
    "number_type": "number",
    "bool_type": "yes_or_no",
    "tuple_type": "list",
    "too_short": "not_empty",
    "dict_type": "keys",
    "model_type": "keys",
    "model_attributes_type": "keys",
    "datetime_type": "instant",
    "zone_given": "instant_without_zone",
    "greater_than_equal": "in_range",
    "less_than_equal": "in_range",
    "bound_type": "number_or_parameter",
    "days_type": "days_or_parameter",
    "fixed_type": "yes_no_or_word",
    "guard_shape": "a_condition",
    "clock_shape": "one_length",
    "int_from_float": "whole_number",
    "string_too_long": "short_text",
    "value_type": "number_or_list",
}
WANTED = tuple(sorted(set(_WANTED.values())))


def read_model(model: type[_T], file: YamlFile, path: KeyPath = (), content: Any = None) -> _T | None:
    """The model of the file's content, or of the part of it at ``path``; None where it does not fit."""
    given = content if path else file.content
    if given is None:
        return None
    try:
        return model.model_validate(given)
    except ValidationError as error:
        _note(error, file, model, path)
        return None


def read_mapping(model: type[_T], file: YamlFile) -> dict[str, _T] | None:
    """The file's content as models by key; None where it does not fit."""
    if file.content is None:
        return None
    try:
        entries: dict[str, _T] = TypeAdapter(dict[str, model]).validate_python(file.content, strict=True)  # type: ignore[valid-type]
    except ValidationError as error:
        _note(error, file, model, ())
        return None
    return entries


def note_value(error: ValidationError, file: YamlFile, path: KeyPath, given: object) -> None:
    """The first thing that is wrong with a value that was put where the file cannot show it."""
    first = error.errors(include_url=False)[0]
    if first["type"] in _WANTED:
        file.problem("wrong_type", path, wanted=_WANTED[first["type"]], given=_short(given))
    else:
        wanted = str(first.get("ctx", {}).get("expected", first["msg"]))
        file.problem("value_not_allowed", path, wanted=wanted, given=_short(given))


def _note(error: ValidationError, file: YamlFile, model: type[BaseModel], inside: KeyPath) -> None:
    entries = error.errors(include_url=False)
    for entry in entries:
        if entry["type"] == "too_short" and any(_is_within(other["loc"], entry["loc"]) for other in entries):
            continue  # a list looks empty where its items are wrong
        # A key that is not allowed is reported as a part of its own; it stands where its value does.
        path = _path_in(file, inside, tuple(part for part in entry["loc"] if part != "[key]"))
        kind, context = entry["type"], entry.get("ctx", {})
        given = _short(entry["input"])
        if kind == "missing":
            file.problem("key_missing", path, line=file.line_of(path[:-1]))
        elif kind == "extra_forbidden":
            known = sorted(_keys_near(model, path[len(inside) :]))
            close = get_close_matches(str(path[-1]), known, n=1)
            file.problem("key_unknown", path, known=", ".join(known), meant=close[0] if close else "–")
        elif kind == "literal_error":
            code = "kind_unknown" if path[-1] == "kind" else "value_not_allowed"
            file.problem(code, path, wanted=context["expected"], given=given)
        elif kind in _WANTED:
            file.problem("wrong_type", path, wanted=_WANTED[kind], given=given)
        else:
            file.problem("value_not_allowed", path, wanted=entry["msg"], given=given)


def _is_within(location: tuple[int | str, ...], outer: tuple[int | str, ...]) -> bool:
    return len(location) > len(outer) and location[: len(outer)] == outer


def _path_in(file: YamlFile, inside: KeyPath, location: tuple[int | str, ...]) -> KeyPath:
    """The part of a validator's location that stands in the file, with a missing last key kept."""
    path = inside
    for part in location:
        if (*path, part) in file.lines or part == location[-1]:
            path = (*path, part)
    return path


def _keys_near(model: type[BaseModel], path: KeyPath) -> set[str]:
    """The keys that may stand where ``path`` ends."""
    here: type[BaseModel] = model
    for part in path[:-1]:
        # A part that names no field is a place in a list or a name in a mapping: the model stays the same.
        named = next((f for n, f in here.model_fields.items() if part in (f.alias or n, n)), None)
        found = None if named is None else _model_within(named.annotation)
        here = found or here
    return {field.alias or name for name, field in here.model_fields.items()}


def _model_within(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _model_within(argument)
        if found is not None:
            return found
    return None


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"

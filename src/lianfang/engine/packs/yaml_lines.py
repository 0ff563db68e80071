"""YAML read safely, remembering the line of every key.

Plain data only: no tags, no aliases (a small file must not unfold into a large one), no repeated keys.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from lianfang.engine.packs.problems import Problem

LARGEST_FILE = 1_000_000
DEEPEST = 20

KeyPath = tuple[str | int, ...]

# The same parser in C where PyYAML was built with it: ten times as fast.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PLAIN = "tag:yaml.org,2002:"
_PLAIN_TAGS = {f"{_PLAIN}{name}" for name in ("null", "bool", "int", "float", "str", "timestamp", "seq", "map")}


@dataclass(slots=True)
class YamlFile:
    """What a file holds. Sequences are tuples; ``content`` is None where the file cannot be read at all."""

    name: str
    content: Any = None
    lines: dict[KeyPath, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def problem(self, code: str, path: KeyPath = (), line: int | None = None, **params: str | int) -> None:
        """Note a problem at ``path``; its line is that of the nearest key that stands in the file."""
        self.problems.append(
            Problem(code, self.name, self.line_of(path) if line is None else line, dotted(path), params)
        )

    def line_of(self, path: KeyPath) -> int:
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def dotted(path: KeyPath) -> str:
    """A key path as people write it: ``status_rules[2].until``."""
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def read_yaml(path: Path, name: str) -> YamlFile:
    """Read ``path``; everything that is wrong with it stands in ``problems``, under the file name ``name``."""
    file = YamlFile(name)
    if not path.is_file():
        file.problem("file_missing")
    elif path.stat().st_size > LARGEST_FILE:
        file.problem("file_too_large", limit=LARGEST_FILE)
    else:
        _parse(path.read_bytes(), file)
    return file


def _parse(raw: bytes, file: YamlFile) -> None:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        file.problem("not_utf8", line=raw.count(b"\n", 0, error.start) + 1)
        return
    loader = _LOADER(text)
    try:
        if not _is_plain_and_shallow(text, file):
            return
        node = loader.get_single_node()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or type(error).__name__
        file.problem("not_yaml", line=mark.line + 1 if mark else 1, what=str(what))
        return
    if node is None:
        file.content = {}
        return
    content = _plain(loader, node, (), file)
    if not file.problems:
        file.content = content


def _is_plain_and_shallow(text: str, file: YamlFile) -> bool:
    """No alias, no deep nesting: looked at event by event, before anything is built."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent):
            file.problem("alias_used", line=line)
            return False
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            file.problem("not_yaml", line=line, what=f"nested deeper than {DEEPEST}")
            return False
    return True


def _plain(loader: Any, node: Any, path: KeyPath, file: YamlFile) -> Any:
    file.lines.setdefault(path, node.start_mark.line + 1)
    if node.tag not in _PLAIN_TAGS:
        file.problem("tag_used", path, node.start_mark.line + 1, tag=node.tag.removeprefix(_PLAIN))
        return None
    if isinstance(node, yaml.SequenceNode):
        return tuple(_plain(loader, item, (*path, index), file) for index, item in enumerate(node.value))
    if isinstance(node, yaml.MappingNode):
        return _plain_mapping(loader, node, path, file)
    try:
        return loader.construct_object(node)
    except (yaml.YAMLError, ValueError) as error:  # a day that does not exist: 2022-02-30
        file.problem("not_yaml", path, node.start_mark.line + 1, what=str(error))
        return None


def _plain_mapping(loader: Any, node: Any, path: KeyPath, file: YamlFile) -> dict[str, Any]:
    entries: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode) or key_node.tag != f"{_PLAIN}str":
            file.problem("key_not_text", path, line)
            continue
        key = key_node.value
        where = (*path, key)
        if key in entries:
            file.problem("key_repeated", where, line, first_line=file.lines[where])
            continue
        file.lines[where] = line
        entries[key] = _plain(loader, value_node, where, file)
    return entries

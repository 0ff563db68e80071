"""What an .xlsx or .xlsm says of itself: sheets in order, macros, links, and a scan of every sheet."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field

from lianfang.engine.intake.contract import Problem
from lianfang.engine.intake.files.archives import Archive
from lianfang.engine.intake.files.contract import MEBIBYTE, Limits, RefusedError, SheetScan
from lianfang.engine.intake.files.worksheet_xml import FastScan, measure
from lianfang.engine.intake.files.xml_parts import new_parser, run_parser

_ROOT_RELATIONS = "_rels/.rels"
_OFFICE_DOCUMENT = "/officeDocument"
_STRINGS = "xl/sharedstrings.xml"
_STRING_END = b"</si>"
_WIDE = (b"\xff\xfe", b"\xfe\xff")


@dataclass(slots=True)
class WorkbookScan:
    """``sheets`` maps the sheet's place in the workbook to its scan or to why it is not read."""

    format: str
    sheets: dict[int, SheetScan | RefusedError] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    recalculates_on_load: bool = False


def scan_workbook(archive: Archive, limits: Limits) -> WorkbookScan:
    """Unpack every part once against the limits. Raises ``RefusedError`` where none of it may be read."""
    names = [name.lower() for name in archive.names()]
    has_macros = any(name.endswith("vbaproject.bin") for name in names)
    scan = WorkbookScan("xlsm" if has_macros else "xlsx")
    if has_macros:
        scan.problems.append(Problem("macros_not_run", "warning"))
    if any(name.startswith("xl/externallinks/") for name in names):
        scan.problems.append(Problem("external_links", "warning"))
    sheets = _sheet_parts(archive, scan)
    strings = _StringSizes()
    fast = {name: FastScan() for name in names}
    for member in archive.members:
        name = member.filename.lower()
        first = True
        for piece in archive.pieces(member):
            if first and name.endswith((".xml", ".rels")):
                check_prolog(piece, member.filename)
            first = False
            fast[name].feed(piece)
            if name == _STRINGS:
                strings.feed(piece, limits)
        fast[name].finish()
    for place, name in sheets.items():
        if name in fast:
            scan.sheets[place] = _decide(archive, name, fast[name], strings, limits)
    _refuse_big_strangers(archive, fast, set(sheets.values()), strings, limits)
    return scan


def _refuse_big_strangers(
    archive: Archive, fast: dict[str, FastScan], known: set[str], strings: _StringSizes, limits: Limits
) -> None:
    """A reader may find sheets by another way than this does, so any part with cells must fit."""
    for name, part in fast.items():
        if name not in known and part.has_cells:
            found = _decide(archive, name, part, strings, limits)
            if isinstance(found, RefusedError):
                raise found
            found.refuse_if_too_big(limits, None)


def check_prolog(piece: bytes, name: str) -> None:
    """Raise ``RefusedError`` for a part that defines entities, or whose encoding hides what it says."""
    if piece.startswith(_WIDE):
        raise RefusedError("damaged", detail=f"{name}: UTF-16")
    if b"<!DOCTYPE" in piece or b"<!ENTITY" in piece:
        raise RefusedError("xml_entities")


def _decide(
    archive: Archive, name: str, fast: FastScan, strings: _StringSizes, limits: Limits
) -> SheetScan | RefusedError:
    scan = fast.scan
    scan.text_bytes = fast.shared_strings * strings.longest
    if not fast.irregular and scan.fits(limits):
        return scan
    member = archive.member(name)
    if member is None:
        return RefusedError("sheet_damaged", detail=name)
    sizes = None
    if fast.shared_strings * strings.longest > limits.max_text_bytes:
        sizes = strings.all_sizes(archive)
    try:
        exact = measure(archive.pieces(member, again=True), sizes)
    except RefusedError as refusal:
        return refusal
    return exact


class _StringSizes:
    """The longest shared string, found without parsing; the sizes of all where they are asked for."""

    def __init__(self) -> None:
        self.longest = 0
        self._total = 0
        self._rest = 0

    def feed(self, piece: bytes, limits: Limits) -> None:
        self._total += len(piece)
        if self._total > limits.max_shared_text_bytes:
            raise RefusedError("zip_bomb", part=_STRINGS, limit_mb=limits.max_shared_text_bytes // MEBIBYTE)
        parts = piece.split(_STRING_END)
        sizes = [len(part) for part in parts]
        sizes[0] += self._rest
        self.longest = max(self.longest, max(sizes))
        self._rest = sizes[-1]

    @staticmethod
    def all_sizes(archive: Archive) -> list[int]:
        member = archive.member(_STRINGS)
        sizes: list[int] = []
        rest = b""
        for piece in archive.pieces(member, again=True) if member is not None else ():
            *whole, rest = (rest + piece).split(_STRING_END)
            sizes += [len(part) for part in whole]
        return sizes


def _sheet_parts(archive: Archive, scan: WorkbookScan) -> dict[int, str]:
    """The part of each sheet by its place, lower case, as the reader will look for it."""
    workbook = _workbook_part(archive)
    folder, file = posixpath.split(workbook)
    content = archive.read_small(workbook)
    relations = archive.read_small(f"{folder}/_rels/{file}.rels".lstrip("/"))
    if content is None or relations is None:
        raise RefusedError("damaged", detail=workbook)
    scan.recalculates_on_load = re.search(rb'fullCalcOnLoad="(?:1|true)"', content) is not None
    targets = relation_targets(relations)
    parts: dict[int, str] = {}
    place = 0
    for name, attributes in _elements(content):
        if name != "sheet":
            continue
        relation = next((v for k, v in attributes.items() if k.rpartition(":")[2] == "id"), "")
        if target := targets.get(relation):
            parts[place] = _resolved(folder, target)
        place += 1
    return parts


def _workbook_part(archive: Archive) -> str:
    relations = archive.read_small(_ROOT_RELATIONS)
    if relations is None:
        raise RefusedError("damaged", detail=_ROOT_RELATIONS)
    found = [
        attributes.get("Target", "")
        for name, attributes in _elements(relations)
        if name == "Relationship" and attributes.get("Type", "").endswith(_OFFICE_DOCUMENT)
    ]
    if len(found) != 1:
        raise RefusedError("damaged", detail=_ROOT_RELATIONS)
    return _resolved("", found[0])


def _resolved(folder: str, target: str) -> str:
    return posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/").lower()


def relation_targets(relations: bytes) -> dict[str, str]:
    """The target of each relation by its id, from the content of a .rels part.

    Raises ``RefusedError`` where an id has two: readers would differ in which they take.
    """
    found = [
        (attributes.get("Id", ""), attributes.get("Target", ""))
        for name, attributes in _elements(relations)
        if name == "Relationship"
    ]
    targets = dict(found)
    if len(targets) != len(found):
        raise RefusedError("damaged", detail="relationships")
    return targets


def _elements(content: bytes) -> list[tuple[str, dict[str, str]]]:
    found: list[tuple[str, dict[str, str]]] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        found.append((name.rpartition(":")[2], attributes))

    parser = new_parser()
    parser.StartElementHandler = start
    run_parser(parser, [content])
    return found

"""Parses XML that may be broken or hostile."""

from __future__ import annotations

from collections.abc import Iterable
from xml.parsers import expat

from lianfang.engine.intake.files.contract import RefusedError

# What expat says where the text ends too early.
_CUT_OFF = ("no element found", "unclosed token")


def new_parser(*, namespace_separator: str | None = None) -> expat.XMLParserType:
    """A parser that refuses a DOCTYPE: no spreadsheet program writes one, and entity bombs need it."""
    parser = expat.ParserCreate(namespace_separator=namespace_separator)
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.buffer_text = True
    return parser


def run_parser(parser: expat.XMLParserType, pieces: Iterable[bytes], *, cut_off: str = "damaged") -> None:
    """Parse to the end. Raises ``RefusedError`` for XML that is not well-formed or in an unknown encoding,
    with the code ``cut_off`` where it ends too early."""
    try:
        for piece in pieces:
            parser.Parse(piece, False)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        code = cut_off if any(sign in str(error) for sign in _CUT_OFF) else "damaged"
        raise RefusedError(code, detail=f"XML: {error}") from error
    except (LookupError, ValueError) as error:
        # An encoding that Python does not know, or that expat cannot use.
        raise RefusedError("damaged", detail=f"XML: {error}") from error


def _refuse_doctype(*_: object) -> None:
    raise RefusedError("xml_entities")

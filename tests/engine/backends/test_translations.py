"""Translations are found by all that they came from, and what is not whole is made anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from lianfang.engine.backends import Translations, UntranslatableError
from lianfang.engine.backends import translations as module

MACROS = ("CREATE MACRO later(x) AS x + INTERVAL 2 DAY",)
ASKED = ("SELECT later(a) AS c FROM t WHERE b <= as_of()", "SELECT a FROM t")


def asked(folder: Path | None, **other: object) -> list[str]:
    given = {"macros": MACROS, "constants": {"as_of"}, **other}
    return Translations(folder).of("sqlite", given.pop("statements", ASKED), **given)  # type: ignore[arg-type]


def no_translator(*given: object) -> list[str]:
    raise AssertionError(given)


def test_what_is_kept_is_what_would_be_translated_and_needs_no_translator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = asked(tmp_path / "kept")
    assert first == asked(None) == ["SELECT (a + 172800) AS c FROM t WHERE b <= :as_of", "SELECT a FROM t"]
    monkeypatch.setattr(module, "_translated", no_translator)
    assert asked(tmp_path / "kept") == first


@pytest.mark.parametrize(
    "other",
    [
        {"statements": ASKED[:1]},
        {"statements": ASKED[::-1]},
        {"macros": ("CREATE MACRO later(x) AS x + INTERVAL 3 DAY",)},
        {"constants": {"as_of", "tolerance"}},
    ],
)
def test_anything_else_is_translated_for_itself(
    tmp_path: Path, other: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked(tmp_path)
    monkeypatch.setattr(module, "_translated", no_translator)
    with pytest.raises(AssertionError):
        asked(tmp_path, **other)


@pytest.mark.parametrize("damage", ["", "[", "null", '["SELECT 1"]', '[1, "SELECT a FROM t"]'])
def test_a_file_that_is_not_whole_is_written_again(tmp_path: Path, damage: str) -> None:
    right = asked(tmp_path)
    (file,) = tmp_path.iterdir()
    whole = file.read_text("utf-8")
    file.write_text(damage, "utf-8")
    assert asked(tmp_path) == right
    assert file.read_text("utf-8") == whole


def test_texts_of_another_translator_are_not_used_and_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked(tmp_path)
    (before,) = tmp_path.iterdir()
    monkeypatch.setattr(module, "_translator", lambda: "another-translator")
    asked(tmp_path)
    assert [path.name[:8] for path in tmp_path.iterdir()] == ["another-"]
    assert not before.exists()


def test_where_nothing_can_be_kept_everything_is_translated_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "a file").write_text("", "utf-8")
    assert asked(tmp_path / "a file" / "kept") == asked(None)


def test_what_cannot_be_translated_is_refused_and_not_kept(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(UntranslatableError, match="differs between databases"):
            asked(tmp_path, statements=("SELECT a / b AS c FROM t",))
    assert list(tmp_path.iterdir()) == []

"""The guide's first pack is a pack, and every kind has its page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lianfang.engine.packs import lint_pack, load_pack
from lianfang.engine.packs.kinds import KINDS
from tests.engine.packs.changing import change

GUIDES = Path(__file__).resolve().parents[3] / "docs" / "guides"
FIRST_FILES = {"pack.yaml", "parameters.yaml", "categories.yaml", "rules.yaml"}


@pytest.fixture
def first_pack(tmp_path: Path) -> Path:
    guide = (GUIDES / "policy-packs.md").read_text("utf-8")
    lesson = guide[guide.index("## A first pack in ten minutes") : guide.index("## The files")]
    folder = tmp_path / "mumps" / "town-1"
    for name, content in re.findall(r"```yaml\n# (\S+\.yaml)\n(.*?)```", lesson, re.DOTALL):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, "utf-8")
    return folder


def test_the_first_pack_of_the_guide_is_sound_as_it_stands(first_pack: Path) -> None:
    assert {path.name for path in first_pack.glob("*.yaml")} == FIRST_FILES
    assert lint_pack(first_pack) == ()
    pack = load_pack(first_pack)
    (stage,) = pack.categories_at(pack.manifest.effective.from_)["school_case"].stages
    assert (stage.first_day, stage.last_day) == (1, 9)


def test_the_mistake_that_the_guide_makes_is_told_as_it_says(first_pack: Path) -> None:
    change(first_pack, "categories.yaml", ", appeal: school_or_centre", "")
    (problem,) = (one for one in lint_pack(first_pack) if one.is_error)
    assert (problem.code, problem.file, problem.line) == ("restriction_without_appeal", "categories.yaml", 5)


def test_every_kind_has_its_page_with_what_it_may_say() -> None:
    page = (GUIDES / "rule-kinds.md").read_text("utf-8")
    sections = dict(re.findall(r"^## `(\w+)`\n(.*?)(?=^## |\Z)", page, re.DOTALL | re.MULTILINE))
    assert list(sections) == list(KINDS)
    for kind, spec in KINDS.items():
        for word in (*spec.statuses, *spec.evidence, *spec.ends, *spec.anchors):
            assert re.search(rf"\b{word}\b", sections[kind]), (kind, word)


def test_links_inside_the_guide_lead_somewhere() -> None:
    guide = (GUIDES / "policy-packs.md").read_text("utf-8")
    headings = {
        re.sub(r"[^\w -]", "", line.lstrip("# ").lower()).strip().replace(" ", "-")
        for line in guide.splitlines()
        if line.startswith("## ")
    }
    assert set(re.findall(r"\]\(#([\w-]+)\)", guide)) <= headings

"""What rules quote in Chinese is read in English where there is English, and else marked as what it is."""

from __future__ import annotations

import pytest
from django.template import engines
from django.utils import translation

from lianfang.engine.packs.base import Graded, Source

CHINESE = Graded(reference="第三条 <7天>", grade="B")
TRANSLATED = CHINESE.model_copy(update={"reference_en": "Article 3 <7 days>"})
OTHER = CHINESE.model_copy(update={"reference": "page 4"})
SOURCE = Source(id="plan", title="防控方案", found="公告栏", grade="A")


@pytest.mark.parametrize(
    ("language", "given", "drawn"),
    [
        ("zh-hans", CHINESE, "第三条 &lt;7天&gt;"),
        ("zh-hans", TRANSLATED, "第三条 &lt;7天&gt;"),
        ("zh-hant", TRANSLATED, '<span lang="zh-Hans">第三条 &lt;7天&gt;</span> '
         '<small class="lf-fine">（原文為簡體中文）</small>'),
        ("en", CHINESE, '<span lang="zh-Hans">第三条 &lt;7天&gt;</span> '
         '<small class="lf-fine">(source text in Chinese)</small>'),
        ("en", TRANSLATED, "Article 3 &lt;7 days&gt;"),
        ("en", OTHER, "page 4"),
    ],
)  # fmt: skip
def test_a_reference_is_drawn_for_its_reader(language: str, given: Graded, drawn: str) -> None:
    with translation.override(language):
        page = engines["django"].from_string("{{ one|reference_of }}").render({"one": given})
        assert page == drawn


def test_titles_of_sources_are_marked_without_a_label() -> None:
    drawing = engines["django"].from_string("{{ one|title_of }} {{ one|found_of }}")
    with translation.override("en"):
        assert (
            drawing.render({"one": SOURCE}) == '<span lang="zh-Hans">防控方案</span> <span lang="zh-Hans">公告栏</span>'
        )
        english = SOURCE.model_copy(update={"title_en": "The plan"})
        assert drawing.render({"one": english}).startswith("The plan <span")

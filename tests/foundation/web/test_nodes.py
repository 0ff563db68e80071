from __future__ import annotations

import pytest
from django.template import TemplateSyntaxError, engines
from django.test import RequestFactory, override_settings
from django.urls import NoReverseMatch, path, reverse
from django.utils import translation

from lianfang.foundation.texts import texts
from lianfang.foundation.web.addresses import path_of
from lianfang.foundation.web.templatetags import nodes

urlpatterns = [
    path("people/<int:pk>/", lambda request: None, name="person"),
    path("rounds/<int:pk>/people/<int:person_id>/", lambda request: None, name="contact"),
    path("<str:model>/<int:pk>/<slug:kind>/", lambda request: None, name="mixed"),
    path("plain/", lambda request: None, name="plain"),
]
HERE = override_settings(ROOT_URLCONF=__name__)


def draw(source: str, **context: object) -> str:
    return str(engines["django"].from_string(source).render(context, RequestFactory().get("/x/")))


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("person", (5,)), ("person", (0,)), ("contact", (5, 7)), ("contact", (77, 5)),
        ("mixed", ("a b&c", 5, "x")), ("mixed", ("100%d", 5, "x")), ("plain", ()),
    ],
)  # fmt: skip
def test_an_address_is_the_one_that_django_gives(name: str, parts: tuple[int | str, ...]) -> None:
    with HERE:
        assert [path_of(name, *parts) for _ in range(2)] == [reverse(name, args=parts)] * 2


@pytest.mark.parametrize(("name", "parts"), [("person", (-1,)), ("person", ()), ("nowhere", (1,)), ("person", (1, 2))])
def test_an_address_that_does_not_exist_is_an_error(name: str, parts: tuple[int, ...]) -> None:
    with HERE, pytest.raises(NoReverseMatch):
        path_of(name, *parts)


def test_the_tag_writes_numbers_words_and_names_as_django_does() -> None:
    with HERE:
        drawn = draw("{% url 'person' 5 %} {% url 'mixed' word 5 'x' %} {% url 'person' pk=6 %}", word="a&b")
        kept = draw("{% url 'person' 5 as there %}[{{ there }}]{% url 'nowhere' 5 as hole %}[{{ hole }}]")
    assert drawn == "/people/5/ /a&amp;b/5/x/ /people/6/"
    assert kept == "[/people/5/][]"


def test_one_compiled_text_speaks_the_language_of_each_reader() -> None:
    template = engines["django"].from_string("{% t 'web.close' %}|{% t 'web.pager.page' page=3 pages=9 as p %}{{ p }}")
    drawn = {}
    for code, name in (("zh-hans", "zh-Hans"), ("en", "en"), ("zh-hant", "zh-Hant"), ("en", "en")):
        with translation.override(code):
            drawn[name] = template.render({}, RequestFactory().get("/x/"))
    assert drawn == {
        name: f"{texts(name)('web.close')}|{texts(name)('web.pager.page', page=3, pages=9)}"
        for name in ("zh-Hans", "en", "zh-Hant")
    }


def test_a_gap_is_escaped_and_a_text_that_is_missing_is_an_error() -> None:
    assert "&lt;b&gt;" in draw("{% t 'web.when.at' day=bad time='1' %}", bad="<b>")
    with pytest.raises(KeyError, match=r"web\.no_such_text"):
        draw("{% t 'web.no_such_text' %}")
    with pytest.raises(KeyError, match="pages"):
        draw("{% t 'web.pager.page' page=1 %}")


@pytest.mark.parametrize("source", ["{% t %}", "{% t 'web.close' stray %}", "{% kept %}"])
def test_a_tag_that_is_written_wrongly_is_refused(source: str) -> None:
    with pytest.raises(TemplateSyntaxError):
        draw(source)


def test_a_kept_part_is_drawn_once_for_each_language_and_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes, "_drawn", {})
    source = "{% kept 'lianfang/parts/wordmark.html' one %}"
    first = draw(source, one=1)
    monkeypatch.setitem(nodes._drawn, next(iter(nodes._drawn)), "kept")
    assert draw(source, one=1) == "kept"
    assert draw(source, one=2) == first
    with translation.override("en"):
        assert draw(source, one=1) != "kept"


def test_of_kept_parts_the_oldest_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes, "_drawn", {})
    monkeypatch.setattr(nodes, "_MOST_KEPT", 3)
    for one in range(5):
        draw("{% kept 'lianfang/parts/wordmark.html' one %}", one=one)
    assert [key[-1] for key in nodes._drawn] == [2, 3, 4]

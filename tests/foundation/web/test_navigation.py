from __future__ import annotations

import pytest
from django.test import RequestFactory
from django.urls import reverse

from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action, Level, Role
from lianfang.foundation.web import flash, navigation
from lianfang.foundation.web.context import Frame
from lianfang.foundation.web.navigation import Entry, Search

HOME = Entry("web.product", "design:design", "home", None, 1, "h")


@pytest.fixture(autouse=True)
def empty(monkeypatch: pytest.MonkeyPatch, frame_alone: None) -> None:
    monkeypatch.setattr(navigation, "_entries", {})
    monkeypatch.setattr(navigation, "_searches", [])


def test_registering_the_same_line_twice_changes_nothing() -> None:
    navigation.register(HOME)
    navigation.register(HOME)
    assert list(navigation._entries.values()) == [HOME]


def test_two_lines_cannot_share_a_key_or_a_letter() -> None:
    navigation.register(HOME)
    with pytest.raises(ValueError, match="another"):
        navigation.register(Entry("web.product", "design:people", "home", None, 2))
    with pytest.raises(ValueError, match="letter 'h'"):
        navigation.register(Entry("web.unknown", "design:people", "home", None, 2, "h"))


def test_a_letter_may_mean_two_pages_that_nobody_sees_together() -> None:
    navigation.register(Entry("web.product", "design:design", "home", Action.OWN_HOUSEHOLD, 1, "h"))
    navigation.register(Entry("web.unknown", "design:people", "home", Action.COMMAND_VIEW, 2, "h"))
    with pytest.raises(ValueError, match="letter 'h'"):
        navigation.register(Entry("web.close", "design:people", "home", Action.TESTING_VIEW, 3, "h"))


def test_only_one_page_searches() -> None:
    search = Search("design:people", Action.REGISTRY_SEARCH, "web.search.label")
    navigation.register_search(search)
    navigation.register_search(search)
    with pytest.raises(ValueError, match="design:people"):
        navigation.register_search(Search("design:status", Action.REGISTRY_SEARCH, "web.search.label"))


def test_nobody_sees_no_navigation() -> None:
    navigation.register(HOME)
    assert navigation.entries_for(None) == []
    assert navigation.search_for(None) is None


def test_an_undo_cannot_lead_to_another_site() -> None:
    with pytest.raises(ValueError, match="stays on this site"):
        flash.tell(None, "x", undo_url="https://example.org/")  # type: ignore[arg-type]


def test_a_line_for_either_of_two_actions_shows_to_whoever_may_do_one() -> None:
    places = Entry("web.product", "design:people", "home", (Action.REGISTRY_VIEW, Action.PLACES_EDIT), 200, "b")
    navigation.register(places)
    for role, level in ((Role.ADMINISTRATOR, Level.NOWHERE), (Role.BUILDING_CHIEF, Level.BUILDING)):
        assert navigation.entries_for(Actor("x", role, level)) == [places]
    assert navigation.entries_for(Actor("x", Role.COURIER, Level.COMMUNITY)) == []
    with pytest.raises(ValueError, match="letter 'b'"):
        navigation.register(Entry("web.unknown", "design:tests", "home", Action.ACCOUNTS_MANAGE, 300, "b"))


def test_the_frame_marks_where_the_reader_is_groups_the_lines_and_picks_four_for_a_thumb() -> None:
    for number in range(1, 6):
        thumb = 1 if number == 5 else None
        also = ("design:status",) if number == 4 else ()
        entry = Entry(f"web.month.m{number}", "design:people", "home", None, 50 * number, also=also, thumb=thumb)
        navigation.register(entry)
    request = RequestFactory().get(reverse("design:status"))
    request.actor = Actor("x", Role.COMMUNITY, Level.COMMUNITY)  # type: ignore[attr-defined]
    frame = Frame(request)
    lines = frame.navigation
    assert [line["entry"].order for line in lines if line["is_here"]] == [200]
    assert [line["entry"].order for line in lines if line["begins"]] == [100, 200]
    assert [line["entry"].order for line in frame.thumbs] == [250, 50, 100, 150]

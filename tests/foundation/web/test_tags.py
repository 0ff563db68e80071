# ruff: noqa: E501
from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.template import engines
from django.test import RequestFactory

from lianfang.foundation.web.parts import Building, Chart, Floor, LegendItem, Room, Series, Stairwell, Tab, Term


def draw(source: str, **context: object) -> str:
    return str(
        engines["django"].from_string(source).render(context, RequestFactory().get("/x/?sort=name&page=4&q=a%26b"))
    )


@pytest.mark.parametrize("status", ["green", "yellow", "red", "unknown", "", "GREEN", None, "purple"])
def test_a_status_has_an_icon_and_a_word_beside_its_colour(status: str | None) -> None:
    text = draw("{% pill status %}", status=status)
    assert "<use href=" in text
    assert any(word in text for word in ("绿码", "黄码", "红码", "未判定"))


@pytest.mark.parametrize("status", ["", "GREEN", None, "purple"])
def test_what_is_no_status_reads_unknown_and_never_green(status: str | None) -> None:
    text = draw("{% pill status %}", status=status)
    assert "未判定" in text and "lf-tone-unknown" in text


def test_what_people_typed_is_escaped_in_every_part() -> None:
    bad = "<script>alert(1)</script>"
    grid = Building((Stairwell(bad, (Floor(bad, (Room(bad, "good", bad, "/x/?a=1&b=2", bad, "", (("bed", bad),)),)),), bad),), (LegendItem("good", bad),), (Tab(bad, "/x/"),))  # fmt: skip
    chart = Chart(bad, (bad,), (Series(bad, (1.0,)),), unit=bad)
    text = draw(
        "{% pill 'green' bad %}{% badge 'info' bad '' bad %}{% figure bad bad bad 'good' %}{% empty bad bad '/' bad %}{% masked bad %}"
        "{% terms terms %}{% crumb bad '/' %}{% building grid bad %}{% chart chart %}{% progress 1 2 bad %}{% icon 'bed' bad %}"
        "{% drop_zone bad bad 5 True bad %}",
        bad=bad, terms=[Term(bad, bad, bad)], grid=grid, chart=chart,
    )  # fmt: skip
    assert "<script" not in text
    assert text.count("&lt;script&gt;") > 15


def test_an_icon_that_does_not_exist_is_an_error_and_no_hole() -> None:
    with pytest.raises(ValueError, match="no-such-icon"):
        draw("{% icon 'no-such-icon' %}")


def test_a_static_file_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(FileNotFoundError, match=r"no/such\.css"):
        draw("{% asset 'no/such.css' %}")


def test_another_filter_starts_at_the_first_page() -> None:
    assert draw("{% url_with sort='room' %}") == "?q=a%26b&amp;sort=room"


def test_another_page_keeps_the_filters() -> None:
    assert draw("{% url_with page=5 %}") == "?sort=name&amp;q=a%26b&amp;page=5"


def test_a_filter_can_be_lifted() -> None:
    assert draw("{% url_with q=None %}") == "?sort=name"
    assert draw("{% lift_filter 'sort' %}") == "?q=a%26b"


def test_a_point_in_time_is_told_with_its_age_and_readable_by_machines() -> None:
    text = draw("{% when at %}", at=datetime(2022, 8, 30, 2, 10, tzinfo=UTC))
    assert 'datetime="2022-08-30T10:10:00+08:00"' in text
    assert "今天 10:10" in text and "1 小时前" in text


def test_an_absent_time_reads_unknown() -> None:
    assert draw("{% when None %}") == "不详"


def test_a_masked_number_asks_what_for_and_shows_nothing_by_itself() -> None:
    text = draw("{% masked '9901**********1234' '/unmask/' purposes %}", purposes=[("tracing", "流调")])
    assert 'method="post"' in text and 'value="tracing"' in text and "流调" in text
    assert "查看会记入审计" in text


def test_a_masked_number_without_a_way_to_it_has_no_button() -> None:
    assert "<form" not in draw("{% masked '9901**********1234' %}")


def test_a_room_says_aloud_what_its_colour_means() -> None:
    room = Room("803", "warn", "漏采 1 人", "/household/1/", "4/5", "", (("bed", "卧床"),))
    text = draw("{% room room %}", room=room)
    assert 'aria-label="803，漏采 1 人，卧床"' in text
    assert "#alert-triangle" in text and "4/5" in text


def test_a_room_that_is_not_there_keeps_its_place() -> None:
    grid = Building((Stairwell("1单元", (Floor("1", (None, Room("102", "good", "x"))),)),), ())
    assert draw("{% building grid %}", grid=grid).count("lf-room-gap") == 1


def test_a_chart_keeps_its_numbers_in_a_table_and_gaps_stay_gaps() -> None:
    chart = Chart("每日采样", ("11-01", "11-02"), (Series("已采", (5.0, None)),))
    text = draw("{% chart chart %}", chart=chart)
    assert '<td class="lf-cell-number">5</td>' in text and "不详" in text
    assert "[5.0, null]" in text.replace("&quot;", '"')


def test_a_chart_with_uneven_series_is_refused() -> None:
    with pytest.raises(ValueError, match="已采"):
        Chart("x", ("a", "b"), (Series("已采", (1.0,)),))


def test_progress_without_a_known_end_shows_no_percentage() -> None:
    assert "%" not in draw("{% progress 5 None %}")
    assert "50.0%" in draw("{% progress 5 10 %}")


def test_a_figure_that_is_absent_reads_unknown() -> None:
    assert "不详" in draw("{% figure '流动人口' None %}")
    assert '<strong class="lf-figure-value">0</strong>' in draw("{% figure '阳性' 0 %}")

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from lianfang.foundation.web.templatetags.forms import widget
from lianfang.foundation.web.uploads import upload_problems


def file(name: str, size: int) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, b"x" * size)


def test_a_refused_form_says_so_on_top_and_beneath_each_field(client: Client) -> None:
    text = client.post("/design/form/", {"name": "林建国", "phone": "123", "kind": "floating"}).content.decode()
    assert "有 1 处需要改正" in text
    assert '<a href="#id_phone">手机号</a>' in text
    field = re.search(r'<input[^>]*name="phone"[^>]*>', text)
    assert field is not None
    assert 'aria-invalid="true"' in field[0] and "is-invalid" in field[0]
    described = re.search(r'aria-describedby="([^"]+)"', field[0])
    assert described is not None
    assert all(f'id="{name}"' in text for name in described[1].split())


def test_a_refused_form_keeps_what_was_typed(client: Client) -> None:
    answer = client.post("/design/form/", {"name": "林建国", "phone": "123", "note": "白天不在家"})
    assert answer.status_code == 422
    assert 'value="林建国"' in answer.content.decode() and "白天不在家" in answer.content.decode()


def test_an_htmx_request_gets_the_part_and_a_plain_one_the_page(client: Client) -> None:
    part = client.get("/design/tests/", headers={"hx-request": "true"}).content.decode()
    page = client.get("/design/tests/").content.decode()
    assert "<html" not in part and "<table" in part and "<title>" in part
    assert "<html" in page


def test_going_back_in_the_browser_gives_the_whole_page(client: Client) -> None:
    headers = {"hx-request": "true", "hx-history-restore-request": "true"}
    assert "<html" in client.get("/design/tests/", headers=headers).content.decode()


def test_what_was_done_is_told_once_with_the_way_back(client: Client) -> None:
    client.post("/design/confirm/")
    text = client.get("/design/").content.decode()
    assert "已作废管 T22083012" in text and 'action="/design/undo/"' in text
    assert "已作废管 T22083012" not in client.get("/design/").content.decode()


def test_a_filter_that_is_set_is_shown_with_the_way_to_lift_it(client: Client) -> None:
    text = client.get("/design/tests/?status=yellow&sort=missed").content.decode()
    assert "状态：黄码" in text
    assert 'href="?sort=missed"' in text


def test_a_page_of_somebody_else_s_role_is_refused(client: Client) -> None:
    client.cookies["role"] = "courier"
    assert client.get("/design/building/").status_code == 403


def test_the_navigation_shows_what_the_role_may_open(client: Client) -> None:
    client.cookies["role"] = "auditor"
    text = client.get("/design/").content.decode()
    assert 'href="/design/confirm/"' in text and 'href="/design/building/"' not in text
    assert 'role="search"' not in text


def test_nobody_is_sent_to_sign_in_and_comes_back(client: Client) -> None:
    client.cookies["role"] = "nobody"
    assert client.get("/design/tests/?q=1").headers["Location"] == "/sign-in/?next=/design/tests/%3Fq%3D1"


def test_the_page_that_one_is_on_is_marked_in_the_navigation(client: Client) -> None:
    text = client.get("/design/building/").content.decode()
    assert re.search(r'<a href="/design/building/" aria-current="page"', text)
    assert not re.search(r'<a href="/design/" aria-current="page"', text)


def test_every_refused_file_is_named_with_the_reason_and_the_fix() -> None:
    problems = upload_problems(
        [file("空.xlsx", 0), file("大.xlsx", 2048), file("照片.jpg", 5)], kinds=(".xlsx", ".csv"), limit=1024
    )
    assert ["空" in problems[0], "大" in problems[1], "照片" in problems[2]] == [True] * 3
    assert "1.0 KB" in problems[1] and ".xlsx .csv" in problems[2]


def test_files_within_the_limits_pass_whatever_the_case_of_their_suffix() -> None:
    assert upload_problems([file("名册.XLSX", 10)], kinds=(".xlsx",), limit=10) == []


def test_files_are_refused_together_where_their_sum_is_too_large() -> None:
    (problem,) = upload_problems(
        [file("a.csv", 600), file("b.csv", 600)], kinds=(".csv",), limit=1000, limit_together=1000
    )
    assert "1.2 KB" in problem


def test_no_file_at_all_is_said() -> None:
    assert upload_problems([], kinds=(".csv",)) == ["没有收到文件。请选择文件后再提交。"]


class _Choosing(forms.Form):
    plain = forms.ChoiceField(choices=[("", "—"), ("a&b", "<A>"), ("3", "三")], required=False)
    grouped = forms.ChoiceField(choices=[("x", "X"), ("东湖 & 西湖", [("1", "1号楼"), ("2", "2号楼")])])
    closed = forms.ChoiceField(
        choices=[("1", "1")], disabled=True, widget=forms.Select(attrs={"id": "own", "hx-get": "/x/?a=1&b=2"})
    )


@pytest.mark.parametrize("given", [None, {"plain": "a&b", "grouped": "2"}, {"plain": "no such"}])
@pytest.mark.parametrize("name", ["plain", "grouped", "closed"])
def test_a_list_to_choose_from_is_the_one_that_django_draws(name: str, given: dict[str, str] | None) -> None:
    class Reader(HTMLParser):
        def __init__(self, text: str) -> None:
            super().__init__()
            self.seen: list[object] = []
            self.feed(text)

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.seen.append((tag, sorted(attrs, key=str)))

        def handle_data(self, data: str) -> None:
            if data.strip():
                self.seen.append(data.strip())

    bound = _Choosing(given)[name]
    classes = {"class": "form-select is-invalid" if bound.errors else "form-select", "aria-label": "<x>"}
    assert Reader(widget(bound, aria_label="<x>")).seen == Reader(bound.as_widget(attrs=classes)).seen

# ruff: noqa: E501
"""The pages of results as their users meet them: in three languages, by role, with what is refused in words."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from lianfang.domains.lab_testing.models import Hold, Result, ResultLoad
from lianfang.domains.lab_testing.results import services
from lianfang.domains.lab_testing.results.services import loads
from lianfang.domains.lab_testing.results.views import loads as load_views
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as
from tests.product.lab_testing.night import Night
from tests.product.lab_testing.results.conftest import read_in_this_process
from tests.product.lab_testing.results.laboratory import enter, filled_pool, holds, load, results_file

pytestmark = pytest.mark.usefixtures("read_here")
Browse = Callable[..., Client]
PAGES = ("results", "loads", "waiting", "leftovers", "pools", "holds", "resampling", "export_leftovers")


def make_busy(night: Night) -> Night:
    """A night with a positive pool, a contradiction, an orphan, an unread result and a tube that waits."""
    filled_pool(night)
    filled_pool(night, "T0002", ("孙梅", "赵大勇"))
    waits = filled_pool(night, "T0003", ("周志强",))
    with night.as_("sampler") as actor:
        from lianfang.domains.lab_testing.services import seal_tube

        seal_tube(actor=actor, tube_id=waits.pk, counted=1)
    enter(night, ("T0001", "positive"), ("T0002", "positive"))
    with pytest.MonkeyPatch.context() as patched, TemporaryDirectory() as folder:
        patched.setattr(loads.stored, "read_files", read_in_this_process)
        rows = [("T0002", "阴性"), ("T0404", "阳性"), ("T0001", "=1+1")]
        load(night, results_file(Path(folder), rows), login="community")
    return night


STANDING = {"busy": make_busy}


@pytest.fixture
def busy(night: Night, made: dict[str, Any]) -> Night:
    found: Night = made["busy"]
    return found


@pytest.mark.parametrize("language", ["zh-hans", "zh-hant", "en"])
@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_drawn_in_three_languages(busy: Night, browse: Browse, name: str, language: str) -> None:
    answer = browse("community", language).get(reverse(f"lab_testing:{name}"))
    assert answer.status_code == 200


def test_pool_tube_person_and_load_pages_show_what_was_said(busy: Night, browse: Browse) -> None:
    client = browse("community")
    with acting_as(system_actor("test")):
        tube_id = Hold.objects.filter(person_id=busy.person("陈建国")).get().tube_id
        load_id = ResultLoad.objects.get().pk
    pool = client.get(reverse("lab_testing:pool", args=[tube_id])).content.decode()
    assert all(name in pool for name in ("陈建国", "林秀英", "王丽华", "县医院"))
    assert "19900000001" not in pool
    assert "县医院" in client.get(reverse("lab_testing:tube", args=[tube_id])).content.decode()
    assert client.get(reverse("lab_testing:load", args=[load_id])).status_code == 200
    assert "T0001" in client.get(reverse("registry:person", args=[busy.person("陈建国")])).content.decode()


def test_another_communitys_load_hold_and_result_are_404(busy: Night, browse: Browse, tmp_path: Path) -> None:
    tube = busy.open_tube("W0001", login="township", place_id=busy.world.places["west"].pk)
    for name in ("郑海", "冯雪"):
        busy.swab(tube, name, login="township")
    done = load(busy, results_file(tmp_path, [("W0001", "阳性")], "w.csv"), login="township")
    with acting_as(system_actor("test")):
        hold, result = Hold.objects.get(person_id=busy.person("郑海")), Result.objects.get(tube=tube)
    client = browse("community")
    for method, name, pk in (("get", "load", done.pk), ("get", "pool", tube.pk), ("post", "settle_hold", hold.pk), ("post", "retest", hold.pk),
                             ("post", "correct_result", result.pk), ("post", "assign_result", result.pk), ("post", "change_load", done.pk)):  # fmt: skip
        sent = {"do": "release" if name == "settle_hold" else "apply", "reason": "x", "code": "S1111"}
        assert getattr(client, method)(reverse(f"lab_testing:{name}", args=[pk]), sent).status_code == 404, name
    assert "郑海" not in client.get(reverse("lab_testing:holds")).content.decode()


def test_a_formula_in_a_laboratorys_file_stays_text_in_the_export(busy: Night, browse: Browse) -> None:
    answer = browse("community").get(reverse("lab_testing:export_leftovers"))
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    cells = [cell for row in openpyxl.load_workbook(BytesIO(content)).active.iter_rows() for cell in row]
    given = [cell for cell in cells if "=1+1" in str(cell.value)]
    assert given and all(cell.data_type == "s" for cell in given)


def test_a_file_goes_from_the_drop_zone_to_applied(night: Night, browse: Browse, tmp_path: Path) -> None:
    filled_pool(night)
    client = browse("community")
    content = results_file(tmp_path, [("T0001", "阳性")]).read_bytes()
    answer = client.post(reverse("lab_testing:loads"), {"kind": "results", "round": night.round.pk,
                                                        "files": SimpleUploadedFile("结果.csv", content)})  # fmt: skip
    assert answer.status_code == 302
    with acting_as(system_actor("test")):
        made = ResultLoad.objects.get()
    page = client.get(answer["Location"]).content.decode()
    assert 'hx-trigger="every 1s"' in page
    services.read_load(made.pk)
    assert client.get(answer["Location"] + "?part=job", headers={"hx-request": "true"})["HX-Redirect"]
    assert "T0001" in client.get(answer["Location"]).content.decode()
    assert client.post(reverse("lab_testing:change_load", args=[made.pk]), {"do": "apply"}).status_code == 302
    services.apply_load(made.pk)
    assert set(holds(night).values()) == {"held"}
    assert client.get(answer["Location"]).status_code == 200


def test_an_upload_that_is_too_large_is_refused_in_words(
    night: Night, browse: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load_views, "UPLOAD_LIMIT", 1000)
    sent = {"kind": "results", "round": night.round.pk, "files": SimpleUploadedFile("大.csv", b"x" * 2000)}
    answer = browse("community").post(reverse("lab_testing:loads"), sent)
    assert answer.status_code == 422
    with acting_as(system_actor("test")):
        assert not ResultLoad.objects.exists()


def test_half_a_gigabyte_is_refused_before_it_is_read(night: Night, browse: Browse) -> None:
    answer = browse("community").post(
        reverse("lab_testing:loads"),
        b"x",
        content_type="multipart/form-data; boundary=b",
        CONTENT_LENGTH=str(500 * 1024 * 1024),
    )
    assert answer.status_code in (413, 422, 400)


def test_the_desk_keeps_the_list_when_a_line_is_not_understood(night: Night, browse: Browse) -> None:
    filled_pool(night)
    client = browse("community")
    sent = {"round": night.round.pk, "laboratory": "县医院", "lines": "T0001 -\nT0404 ??"}
    answer = client.post(reverse("lab_testing:results"), sent)
    assert answer.status_code == 422
    assert "T0001 -" in answer.content.decode()
    answer = client.post(reverse("lab_testing:results"), {**sent, "lines": "T0001 +"})
    assert answer.status_code == 302
    assert set(holds(night).values()) == {"held"}


def test_a_single_retest_is_one_scan_on_the_pools_page(busy: Night, browse: Browse) -> None:
    with acting_as(system_actor("test")):
        hold = Hold.objects.get(person_id=busy.person("陈建国"))
    client = browse("community")
    assert client.post(reverse("lab_testing:retest", args=[hold.pk]), {"code": "S0001"}).status_code == 302
    assert "S0001" in client.get(reverse("lab_testing:pool", args=[hold.tube_id])).content.decode()
    enter(busy, ("S0001", "negative"))
    assert holds(busy)["陈建国"] == "released"


@pytest.mark.parametrize("login", ["courier", "guard", "resident"])
def test_who_has_no_part_in_testing_sees_no_results(busy: Night, browse: Browse, login: str) -> None:
    for name in PAGES:
        assert browse(login).get(reverse(f"lab_testing:{name}")).status_code == 403, name

"""The pages of an import, as a clerk walks through them in three languages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings
from django.utils import timezone

from lianfang.domains.registry.imports import services, steps
from lianfang.domains.registry.models import Import, ImportConflict, Person
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as
from tests.product.registry.factories import identity
from tests.product.registry.imports.rosters import imported, reads_here, roster, row  # noqa: F401
from tests.product.world import World, demo_identity

pytestmark = pytest.mark.usefixtures("reads_here")
SYSTEM = system_actor("test")
Browse = Callable[..., Client]


def the_import() -> Import:
    with acting_as(SYSTEM):
        return Import.objects.order_by("-pk")[0]


def work(step: str) -> Import:
    """What the worker does for the step that a page has asked for."""
    batch = the_import()
    steps.do_step(import_id=batch.pk, step=step, turn=batch.turn)
    return the_import()


@pytest.mark.parametrize("language", ["zh-hans", "zh-hant", "en"])
def test_a_clerk_drops_a_file_decides_writes_and_takes_back(world: World, browse: Browse, language: str) -> None:
    client = browse("community")
    world.accounts["community"].language = language
    world.accounts["community"].save()
    first = client.get("/registry/imports/").content.decode()
    assert {"zh-hans": "导入名册", "zh-hant": "匯入名冊", "en": "Import rosters"}[language] in first
    content = roster(
        [
            row("钱一", 身份证号=identity(1)),
            row("陈建国", 房号="909", 身份证号=demo_identity(1)),
            row("外人", 社区="西湖社区"),
        ]
    )
    sent = client.post("/registry/imports/", {"files": SimpleUploadedFile("名册.csv", content)})
    batch = the_import()
    here = f"/registry/imports/{batch.pk}/"
    assert (sent.status_code, sent.headers["Location"], batch.state) == (302, here, "reading")
    assert client.get(here).status_code == 200
    assert client.get(f"{here}progress/").status_code == 200
    assert work("prepare").state == "review"
    page = client.get(here).content.decode()
    assert "身份证号" in page and identity(1) not in page and demo_identity(1) not in page
    conflicts = client.get(f"{here}conflicts/")
    assert conflicts.status_code == 200 and "data-conflict=" in conflicts.content.decode()
    refused = client.post(f"{here}step/", {"step": "apply"}, follow=True)
    assert refused.status_code == 200 and the_import().state == "review"
    with acting_as(SYSTEM):
        number = ImportConflict.objects.get(batch=batch, kind="moved").number
    answer = client.post(f"{here}conflicts/", {"number": number, "choice": "take"}, headers={"HX-Request": "true"})
    assert answer.status_code == 200 and "is-decided" in answer.content.decode()
    assert client.post(f"{here}conflicts/", {"all": "1"}).status_code == 302
    assert client.get(f"{here}preview/").status_code == 200
    assert client.post(f"{here}step/", {"step": "prepare"}).status_code == 302
    work("prepare")
    for action in ("add", "update", "refused"):
        assert client.get(f"{here}preview/?action={action}").status_code == 200
    assert client.post(f"{here}step/", {"step": "apply"}).status_code == 302
    assert work("apply").state == "applied"
    assert client.get(here).status_code == 200
    with acting_as(SYSTEM):
        assert Person.objects.filter(name="钱一").exists()
    assert client.post(f"{here}step/", {"step": "undo"}).status_code == 302
    assert work("undo").state == "undone"
    assert client.get(here).status_code == 200
    assert client.get("/registry/imports/").status_code == 200
    with acting_as(SYSTEM):
        assert not Person.objects.filter(name="钱一").exists()


def test_a_file_that_is_too_large_is_refused_with_the_limit_and_nothing_is_kept(world: World, browse: Browse) -> None:
    with override_settings(UPLOAD_LIMIT=100):
        answer = browse("community").post("/registry/imports/", {"files": SimpleUploadedFile("名册.csv", b"x" * 101)})
    assert answer.status_code in (413, 422)
    with acting_as(SYSTEM):
        assert not Import.objects.exists()


def test_a_file_of_another_kind_is_refused(world: World, browse: Browse) -> None:
    answer = browse("community").post("/registry/imports/", {"files": SimpleUploadedFile("a.exe", b"x")})
    assert answer.status_code == 422
    assert ".exe" in answer.content.decode()


def test_text_that_begins_like_a_formula_or_a_tag_is_only_text(world: World, browse: Browse) -> None:
    clerk = world.actor("community")
    content = roster([row("钱一", 备注='=HYPERLINK("http://evil","x")<script>alert(1)</script>')])
    batch = imported(clerk, content)
    services.apply_import(actor=clerk, import_id=batch.pk)
    client = browse("community")
    for part in ("", "preview/?action=add", "conflicts/"):
        assert "<script>alert" not in client.get(f"/registry/imports/{batch.pk}/{part}").content.decode()
    with acting_as(SYSTEM):
        assert Person.objects.get(name="钱一").remark.startswith("=HYPERLINK")


def test_an_import_of_another_community_is_not_there(world: World, browse: Browse) -> None:
    batch = imported(world.actor("township"), roster([row("钱一")]))
    for part in ("", "progress/", "conflicts/", "preview/"):
        assert browse("community").get(f"/registry/imports/{batch.pk}/{part}").status_code == 404
        assert browse("township").get(f"/registry/imports/{batch.pk}/{part}").status_code == 200


def test_where_the_worker_fell_silent_the_page_says_that_nothing_was_written_and_offers_again(
    world: World, browse: Browse
) -> None:
    clerk = world.actor("community")
    batch = imported(clerk, roster([row("钱一")]))
    steps.request_step(actor=clerk, import_id=batch.pk, step="apply")
    with acting_as(SYSTEM):
        long_ago = timezone.now() - timedelta(minutes=5)
        Import.objects.filter(pk=batch.pk).update(stage="writing", heartbeat_at=long_ago)
    client = browse("community")
    assert "一个人也没有写入" in client.get(f"/registry/imports/{batch.pk}/").content.decode()
    assert client.post(f"/registry/imports/{batch.pk}/step/", {"step": "apply"}).status_code == 302
    assert work("apply").state == "applied"


def test_the_meaning_of_a_column_is_corrected_on_the_page(world: World, browse: Browse) -> None:
    clerk = world.actor("community")
    batch = imported(clerk, roster([row("钱一", 备注="快递员")]))
    client = browse("community")
    client.post(f"/registry/imports/{batch.pk}/column/", {"label": "备注", "fields": "occupation"})
    assert the_import().state == "reading"
    work("prepare")
    with acting_as(SYSTEM):
        columns = batch.files.get().understood["sheets"][0]["columns"]
    assert next(one for one in columns if one["label"] == "备注")["fields"] == ["occupation"]

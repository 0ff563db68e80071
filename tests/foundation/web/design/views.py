# ruff: noqa: E501
"""Views of the design page. Each is written as a domain would write it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from lianfang.foundation.access.actor import NotAllowedError
from lianfang.foundation.access.allow import allow, public
from lianfang.foundation.access.roles import Action
from lianfang.foundation.web.exports import ExportColumn, export_rows
from lianfang.foundation.web.flash import tell
from lianfang.foundation.web.parts import Job, Term
from lianfang.foundation.web.tables import Column, by_page
from lianfang.foundation.web.uploads import upload_problems
from tests.foundation.web.design import samples
from tests.foundation.web.design.words import say

COLUMNS = (
    Column("name", "web.export.sheet", "name"),
    Column("room", "web.crumbs"),
    Column("identity", "web.masked.show", kind="code"),
    Column("status", "web.theme.label"),
    Column("tested_at", "web.footer.as_of", "tested_at", kind="when"),
    Column("missed", "web.pager.size", "missed", kind="number"),
)


class FilterForm(forms.Form):
    status = forms.ChoiceField(required=False)
    building = forms.ChoiceField(required=False)
    q = forms.CharField(required=False, max_length=40)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["status"].label = say("状态", "Status")
        self.fields["status"].choices = [
            ("", say("全部", "all")),
            ("green", say("绿码", "green")),
            ("yellow", say("黄码", "yellow")),
        ]  # type: ignore[attr-defined]
        self.fields["building"].label = say("楼栋", "Building")
        self.fields["building"].choices = [("", say("全部", "all"))] + [
            (str(n), say(f"{n}号楼", f"Building {n}")) for n in range(1, 6)
        ]  # type: ignore[attr-defined]
        self.fields["q"].label = say("姓名或房号", "Name or room")


class PersonForm(forms.Form):
    name = forms.CharField(max_length=40)
    phone = forms.RegexField(r"^1\d{10}$", max_length=20)
    kind = forms.ChoiceField(choices=[("permanent", "常住"), ("floating", "流动")], widget=forms.RadioSelect)
    note = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 2}))
    agrees = forms.BooleanField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        labels = {"name": ("姓名", "Name"), "phone": ("手机号", "Phone"), "kind": ("类别", "Class"), "note": ("备注", "Note"),
                  "agrees": ("本人已确认", "Confirmed by the person")}  # fmt: skip
        for name, words in labels.items():
            self.fields[name].label = say(*words)
        self.fields["phone"].help_text = say("11 位，没有手机可留空并写明联系人", "11 digits")
        self.fields["phone"].error_messages["invalid"] = say(
            "手机号应为 11 位数字，以 1 开头。", "A phone number has 11 digits and begins with 1."
        )


@allow()
def design(request: Any) -> HttpResponse:
    table = by_page(request, samples.people()[:6], COLUMNS)
    context = {
        "figures": samples.figures(), "table": table, "filters_form": FilterForm(request.GET), "terms_list": samples.terms(),
        "timeline_items": samples.timeline(), "charts": samples.charts(), "job": samples.running_job(),
        "purposes": [("duty", say("日常工作", "daily work")), ("tracing", say("流调", "tracing"))],
        "person_form": PersonForm({"name": "", "phone": "123", "kind": "floating", "note": say("白天不在家", "out in the daytime")}),
        "as_of": samples.timeline()[0].at,
    }  # fmt: skip
    return render(request, "design/all.html", context)


@allow(Action.REGISTRY_VIEW)
def building(request: Any) -> HttpResponse:
    mode = request.GET.get("mode", "sampling")
    return render(request, "design/building.html", {"grid": samples.building(mode)})


@allow(Action.TESTING_VIEW)
def people(request: Any) -> HttpResponse:
    form = FilterForm(request.GET)
    found = samples.people()
    if form.is_valid():
        found = [one for one in found if form.cleaned_data["status"] in ("", one.status)]
        found = [one for one in found if one.room.startswith(form.cleaned_data["building"])]
        found = [one for one in found if form.cleaned_data["q"] in one.name + one.room]
    return render(request, "design/people.html", {"table": by_page(request, found, COLUMNS), "filters_form": form})


@allow(Action.TESTING_VIEW)
def person(request: Any, number: int) -> HttpResponse:
    return render(request, "design/person.html", {"terms_list": samples.terms(), "timeline_items": samples.timeline()})


@allow(Action.COMMAND_VIEW)
def reports(request: Any) -> HttpResponse:
    return render(request, "design/reports.html", {"charts": samples.charts(), "figures": samples.figures()})


@allow()
def empty_page(request: Any) -> HttpResponse:
    words = {"title": say("还没有检测轮次", "No testing round yet"), "text": say("开一轮之后，这里会列出应采、已采和漏采的人。", "Once a round is open, this page lists who is expected, sampled and missing."),
             "action_url": "/design/form/", "action_text": say("新建轮次", "Open a round"), "icon_name": "test-pipe"}  # fmt: skip
    return render(request, "lianfang/empty.html", words)


@allow()
def confirm(request: Any) -> HttpResponse:
    if request.method == "POST":
        tell(request, say("已作废管 T22083012。", "Tube T22083012 is void."), undo_url="/design/undo/")
        return redirect("/design/")
    context = {"title": say("作废这支采样管？", "Void this tube?"), "text": say("管内 10 人需要重新采样。", "Its 10 people must be sampled again."), "facts": [Term(say("管码", "Tube"), "T22083012")],
               "action_text": say("作废", "Void it"), "back_url": "/design/", "fields": {"tube": "T22083012"}}  # fmt: skip
    return render(request, "lianfang/confirm.html", context)


@allow()
def form_page(request: Any) -> HttpResponse:
    """A form with files: what was typed stays when something is refused."""
    form = PersonForm(request.POST or None)
    problems: list[str] = []
    if request.method == "POST":
        problems = upload_problems(request.FILES.getlist("files"), kinds=(".xlsx", ".csv"), limit=1024 * 1024)
        if form.is_valid() and not problems:
            tell(request, say("已保存 1 人。", "One person saved."), undo_url="/design/undo/")
            return redirect("/design/tests/")
    return render(
        request,
        "design/form.html",
        {"form": form, "problems": problems},
        status=422 if form.errors or problems else 200,
    )


@allow()
def job(request: Any) -> HttpResponse:
    step = int(request.GET.get("step", "1"))
    whole = 4
    work = Job(say("读取文件", "Reading files"), f"/design/job/?step={step + 1}", step, whole)
    if step >= whole:
        work = Job(
            say("读取完毕", "Files read"),
            "",
            whole,
            whole,
            is_over=True,
            result_url="/design/tests/",
            result_text=say("查看结果", "See the result"),
        )
    return render(request, "design/job.html" if not request.htmx else "design/job_part.html", {"job": work})


@allow()
@require_POST
def undo(request: Any) -> HttpResponse:
    tell(request, say("已撤销。", "Undone."), tone="info")
    return redirect("/design/")


@allow(Action.UNMASK)
@require_POST
def unmask(request: Any) -> HttpResponse:
    return render(
        request, "lianfang/parts/revealed.html", {"value": "990123197001011234", "masked_value": "9901**********1234"}
    )


@allow(Action.SUMMARY_EXPORT)
def export(request: Any) -> HttpResponseBase:
    rows = ((one.name, one.room, one.status, one.tested_at, one.missed) for one in samples.people())
    titles = (
        say("姓名", "Name"),
        say("住址", "Address"),
        say("状态", "Status"),
        say("采样时间", "Sampled at"),
        say("漏采轮数", "Missed rounds"),
    )
    columns = [ExportColumn(title) for title in titles]
    return export_rows(rows, columns, title=say("漏采名单", "Missing list"), actor=request.actor, purpose=say("上门补采", "door visits"),
                       form=request.GET.get("form", "xlsx"))  # fmt: skip


@public
def sign(request: Any) -> HttpResponse:
    return render(request, "design/sign.html", {"form": PersonForm()})


@allow()
def done(request: Any) -> HttpResponse:
    return redirect("/")


@public
def fails(request: Any, how: str) -> HttpResponse:
    """Goes wrong in the way the address names."""
    if how == "refused":
        raise NotAllowedError(Action.CASES_DECIDE)
    if how == "forbidden":
        raise PermissionDenied
    if how == "missing":
        raise Http404
    if how == "suspicious":
        raise SuspiciousOperation
    if how == "database":
        raise OperationalError("connection refused")
    if how == "disk":
        raise OSError(28, "No space left on device")
    raise RuntimeError("meant to fail")

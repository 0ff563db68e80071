"""The preview of a proposed activation: who writes it, who has seen it. Replaying itself is the work of statuses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone

from lianfang.domains.policy.models import ActivationPreview, PackActivation, PreviewState
from lianfang.domains.registry.models import Place

_KEYS = ("county_id", "township_id", "community_id")


def open_preview(activation: PackActivation) -> ActivationPreview:
    """The empty preview of a new proposal, scoped like its place."""
    place = Place.objects.filter(pk=activation.place_id).first() if activation.place_id is not None else None
    keys = {name: (getattr(place, name) or 0) if place is not None else 0 for name in _KEYS}
    return ActivationPreview.objects.create(activation=activation, **keys)


def begin_preview(activation: PackActivation) -> None:
    ActivationPreview.objects.filter(activation=activation).update(
        state=PreviewState.RUNNING, begun_at=timezone.now(), failure=""
    )


def finish_preview(activation: PackActivation, *, as_of: datetime, result: Mapping[str, Any]) -> None:
    """Keep the result of a replay: the fields of the preview that are named like its keys."""
    ActivationPreview.objects.filter(activation=activation).update(
        state=PreviewState.DONE, finished_at=timezone.now(), as_of=as_of, **result
    )


def fail_preview(activation_id: int, failure: str) -> None:
    """The replay could not be done. The proposal may still be approved by somebody who has seen that."""
    ActivationPreview.objects.filter(activation_id=activation_id).update(
        state=PreviewState.FAILED, finished_at=timezone.now(), failure=failure[:400]
    )


def preview_for(activation: PackActivation) -> ActivationPreview | None:
    """The preview, within the scope of whoever asks."""
    return ActivationPreview.objects.filter(activation=activation).first()

"""What is checked of uploaded files before anything reads them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from lianfang.foundation.web import wording
from lianfang.foundation.web.language import t


def upload_problems(
    files: Sequence[UploadedFile[Any]],
    *,
    kinds: Sequence[str],
    limit: int | None = None,
    limit_together: int | None = None,
) -> list[str]:
    """What is wrong with the files, in the reader's words; empty where nothing is.

    ``kinds`` are suffixes with their dot. The limits are bytes; without one, UPLOAD_LIMIT holds. A name says nothing
    about a content: whoever opens the file still has to look.
    """
    if not files:
        return [t("web.upload.none")]
    problems = [text for file in files if (text := _problem(file, kinds, limit or settings.UPLOAD_LIMIT))]
    together = sum(file.size or 0 for file in files)
    most = limit_together or settings.UPLOAD_LIMIT
    if not problems and together > most:
        problems.append(t("web.upload.too_large_together", size=wording.size(together), limit=wording.size(most)))
    return problems


def _problem(file: UploadedFile[Any], kinds: Sequence[str], limit: int) -> str:
    name, size = file.name or "", file.size or 0
    if PurePath(name).suffix.lower() not in {kind.lower() for kind in kinds}:
        return t("web.upload.wrong_kind", name=name, kinds=" ".join(kinds))
    if size == 0:
        return t("web.upload.empty", name=name)
    if size > limit:
        return t("web.upload.too_large", name=name, size=wording.size(size), limit=wording.size(limit))
    return ""

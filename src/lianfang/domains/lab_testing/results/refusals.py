"""Refusals of results and holds; their words stand under ``lab_results.refused``."""

from __future__ import annotations

from lianfang.domains.lab_testing.refusals import NotFoundError, RefusedError
from lianfang.foundation.texts import Gap
from lianfang.foundation.web.language import t


class ResultRefusedError(RefusedError):
    """Nothing was changed."""

    def text(self) -> str:
        return _words(self)


class ResultNotFoundError(NotFoundError):
    """There is no such load, hold or result in the actor's places."""

    def text(self) -> str:
        return _words(self)


def _words(error: RefusedError) -> str:
    comma = t("lab_testing.word.comma")
    said = {name: gap if isinstance(gap, Gap) else comma.join(gap) for name, gap in error.gaps.items()}
    return t(f"lab_results.refused.{error.code}", **said)

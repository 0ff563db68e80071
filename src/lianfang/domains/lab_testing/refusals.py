"""What a service answers when it does not do what was asked: why, what was kept, and the way on.

The words stand in ``foundation/texts/*/lab_testing.toml`` under ``[lab_testing.refused]``.
"""

from __future__ import annotations

from collections.abc import Sequence

from lianfang.foundation.texts import Gap
from lianfang.foundation.web.language import t


class RefusedError(Exception):
    """Nothing was changed. ``code`` is a text key under ``lab_testing.refused``; a list among ``gaps`` is read out."""

    def __init__(self, code: str, /, **gaps: Gap | Sequence[str]) -> None:
        super().__init__(code)
        self.code = code
        self.gaps = gaps

    def text(self) -> str:
        """What happened, what was kept and what to do, in the language of the request."""
        comma = t("lab_testing.word.comma")
        said = {name: gap if isinstance(gap, Gap) else comma.join(gap) for name, gap in self.gaps.items()}
        return t(f"lab_testing.refused.{self.code}", **said)


class ConfirmationNeededError(RefusedError):
    """Unusual, but possible: nothing was changed, and the same call with ``code`` among ``confirmed`` does it."""


class NotFoundError(RefusedError):
    """There is no such round, tube, team … in the actor's places."""

"""What a sweep's services answer where they do not do what was asked (texts ``sweeps.refused``)."""

from __future__ import annotations

from lianfang.foundation.texts import Gap
from lianfang.foundation.web.language import t


class SweepRefusedError(Exception):
    """Nothing was changed. ``code`` is a text key under ``sweeps.refused``."""

    def __init__(self, code: str, /, **gaps: Gap) -> None:
        super().__init__(code)
        self.code = code
        self.gaps = gaps

    def text(self) -> str:
        return t(f"sweeps.refused.{self.code}", **self.gaps)

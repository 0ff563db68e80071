"""The sample words of the design page, in Chinese and English; traditional readers get the simplified ones."""

from __future__ import annotations

from lianfang.foundation.web.language import current_texts


def say(chinese: str, english: str) -> str:
    return english if current_texts().language == "en" else chinese

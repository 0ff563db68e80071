"""What rules quote, on the page of a reader who may not read its language.

Packs quote their sources in Chinese. A reader of English gets the pack's English where it has some; otherwise the
quotation stands as it is, marked with its language for screen readers and said to be in Chinese.
"""

from __future__ import annotations

from django import template
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString

from lianfang.engine.packs.base import Graded, Source, said_in
from lianfang.foundation.web.language import current_texts, t


def reference_of(entry: Graded) -> SafeString:
    """Where an entry of a pack was read, and what it says there; the label says that it is in Chinese."""
    return _quoted(entry.reference, entry.reference_en, has_label=True)


def title_of(source: Source) -> SafeString:
    """The title of a source; many stand in a row, so none has a label."""
    return _quoted(source.title, source.title_en, has_label=False)


def found_of(source: Source) -> SafeString:
    """Where a source was found."""
    return _quoted(source.found, None, has_label=False)


def _quoted(words: str, english: str | None, *, has_label: bool) -> SafeString:
    text, is_theirs = said_in(words, english, current_texts().language)
    if is_theirs:
        return conditional_escape(text)
    quotation = format_html('<span lang="zh-Hans">{}</span>', text)
    if not has_label:
        return quotation
    return format_html('{} <small class="lf-fine">{}</small>', quotation, t("web.source_in_chinese"))


def add_to(register: template.Library) -> None:
    for name, quoted in (("reference_of", reference_of), ("title_of", title_of), ("found_of", found_of)):
        register.filter(name, quoted, is_safe=False)

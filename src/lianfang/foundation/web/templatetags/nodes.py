"""``{% t %}``, ``{% url %}`` and ``{% kept %}`` as compiled nodes: a list asks for hundreds of texts and addresses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.template import Library, Node, TemplateSyntaxError
from django.template.base import FilterExpression, Parser, Token, token_kwargs
from django.template.defaulttags import URLNode
from django.template.defaulttags import url as compile_url
from django.urls import NoReverseMatch
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

from lianfang.foundation.texts import Texts
from lianfang.foundation.web.addresses import Where, path_of, where
from lianfang.foundation.web.language import current_texts

# Contexts of included templates are copies: they carry these on.
_TEXTS, _WHERE = "lianfang_texts", "lianfang_where"


def add_to(register: Library) -> None:
    register.tag("t", compile_text)
    register.tag("url", compile_address)
    register.tag("kept", compile_kept)


def texts_of(context: Any) -> Texts:
    """The catalogue of the page at hand, asked for once in a page."""
    found: Texts | None = getattr(context, _TEXTS, None)
    if found is None:
        found = current_texts()
        setattr(context, _TEXTS, found)
    return found


def where_of(context: Any) -> Where:
    """What the addresses of the page at hand begin with, asked for once in a page."""
    found: Where | None = getattr(context, _WHERE, None)
    if found is None:
        found = where()
        setattr(context, _WHERE, found)
    return found


def compile_text(parser: Parser, token: Token) -> Node:
    """``{% t "area.key" gap=value %}``: the text of a key in the reader's language; ``as name`` keeps it."""
    name, *bits = token.split_contents()
    kept = None
    if len(bits) > 2 and bits[-2] == "as":
        *bits, _, kept = bits
    if not bits:
        raise TemplateSyntaxError(f"{{% {name} %}} needs the key of a text")
    key = parser.compile_filter(bits[0])
    rest = bits[1:]
    gaps = token_kwargs(rest, parser)
    if rest:
        raise TemplateSyntaxError(f"{{% {name} %}} takes a key and gaps by name, not {rest[0]!r}")
    return TextNode(key, gaps, kept)


class TextNode(Node):
    """A text without gaps whose key is written out is escaped once for each language."""

    def __init__(self, key: FilterExpression, gaps: Mapping[str, FilterExpression], kept: str | None) -> None:
        self.key, self.gaps, self.kept = key, gaps, kept
        is_plain = isinstance(key.var, str) and not key.filters and not gaps
        self.plain = str(key.var) if is_plain and kept is None else None
        self.drawn: dict[str, SafeString] = {}

    def render(self, context: Any) -> str:
        texts = texts_of(context)
        if self.plain is not None and context.autoescape:
            drawn = self.drawn.get(texts.language)
            if drawn is None:
                drawn = self.drawn[texts.language] = conditional_escape(texts(self.plain))
            return drawn
        gaps = {name: value.resolve(context) for name, value in self.gaps.items()}
        text = texts(self.key.resolve(context), **gaps)
        if self.kept is not None:
            context[self.kept] = text
            return ""
        return conditional_escape(text) if context.autoescape else text


def compile_address(parser: Parser, token: Token) -> Node:
    """Django's ``{% url %}``, quicker for pages about numbers."""
    node = compile_url(parser, token)
    named = isinstance(node.view_name.var, str) and not node.view_name.filters
    if node.kwargs or not node.args or not named:
        return node
    return AddressNode(node.view_name, node.args, node.kwargs, node.asvar)


class AddressNode(URLNode):
    """An address with numbers in it and nothing else that would need escaping."""

    def render(self, context: Any) -> str:
        ids = [one.resolve(context) for one in self.args]
        if not {int}.issuperset(map(type, ids)):
            return super().render(context)
        try:
            path = path_of(str(self.view_name.var), *ids, at=where_of(context))
        except NoReverseMatch:
            return super().render(context)
        if self.asvar:
            context[self.asvar] = path
            return ""
        # What is left of an address that was percent-encoded needs no further escaping but of &.
        return mark_safe(path.replace("&", "&amp;"))


# Enough for every role on every line of the navigation; the oldest go first.
_MOST_KEPT = 400
_drawn: dict[tuple[object, ...], SafeString] = {}


def compile_kept(parser: Parser, token: Token) -> Node:
    """``{% kept "part.html" key … %}``: a part of the frame that is the same for everybody with the same keys.

    It is drawn once for each language and set of keys. Such a part must show nothing else: no name, no token.
    """
    name, *bits = token.split_contents()
    if not bits:
        raise TemplateSyntaxError(f"{{% {name} %}} needs the name of a template")
    template, *keys = (parser.compile_filter(bit) for bit in bits)
    return KeptNode(template, keys)


class KeptNode(Node):
    def __init__(self, template: FilterExpression, keys: Sequence[FilterExpression]) -> None:
        self.template, self.keys = template, keys

    def render(self, context: Any) -> str:
        name = str(self.template.resolve(context))
        key = (name, texts_of(context).language, *(one.resolve(context) for one in self.keys))
        drawn = _drawn.get(key)
        if drawn is None:
            drawn = context.template.engine.get_template(name).render(context)
            while len(_drawn) >= _MOST_KEPT:
                # Another thread may have taken it just now.
                _drawn.pop(next(iter(_drawn)), None)
            _drawn[key] = drawn
        return drawn

"""``{% say "中文" "English" %}`` for the sample words of the design page."""

from __future__ import annotations

from django import template

from tests.foundation.web.design.words import say

register = template.Library()
register.simple_tag(say)

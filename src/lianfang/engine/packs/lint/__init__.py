"""Checks across a pack's files: what no single key can show.

Refused: a restriction without end, evidence or appeal; gaps and overlaps of dated values; weak values that are
not marked unverified; a missing fact that would read as green or red; what can never be reached or never be
left; words missing in a language. What the packs of one disease are to each other stands in ``together``,
the nine don'ts in ``nine_donts``.
"""

from __future__ import annotations

from lianfang.engine.packs.lint.areas import check_areas
from lianfang.engine.packs.lint.categories import check_categories
from lianfang.engine.packs.lint.drafts import Drafts
from lianfang.engine.packs.lint.manifest import check_manifest, check_values
from lianfang.engine.packs.lint.reachable import check_reachable
from lianfang.engine.packs.lint.rules import check_rules
from lianfang.engine.packs.lint.testing import check_clocks, check_testing
from lianfang.engine.packs.lint.used import check_parameters_used
from lianfang.engine.packs.lint.words import check_texts

__all__ = ["Drafts", "cross_check"]


def cross_check(drafts: Drafts, folder_id: str) -> None:
    """Note every problem on the file that it stands in."""
    check_manifest(drafts, folder_id)
    for name, parameter in drafts.parameters.items():
        check_values(drafts, name, parameter)
    check_rules(drafts)
    check_reachable(drafts)
    check_categories(drafts)
    check_areas(drafts)
    check_testing(drafts)
    check_clocks(drafts)
    check_parameters_used(drafts)
    check_texts(drafts)

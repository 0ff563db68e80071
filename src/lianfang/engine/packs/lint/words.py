"""Every code has words in every language, with the gaps that are filled."""

from __future__ import annotations

from collections.abc import Iterator
from string import Formatter

from lianfang.engine.packs.kinds import FACT_MISSING
from lianfang.engine.packs.lint.drafts import Drafts
from lianfang.engine.packs.model import LANGUAGES, Language, PackTexts

_TEXT_TABLES = tuple(PackTexts.model_fields)
REASON_GAPS = frozenset({"since", "until", "sampled_at"})
LIMIT_GAP = "limit"


def _codes_asked(drafts: Drafts) -> Iterator[tuple[str, str, frozenset[str]]]:
    """Every code that needs words: table, code, and the gaps that its words may have."""
    for rule in drafts.rules.status_rules:
        gaps = REASON_GAPS | {LIMIT_GAP} if rule.until is not None or rule.kind == "category_stage" else REASON_GAPS
        yield "reasons", rule.reason, gaps
        yield "next_steps", rule.next_step, frozenset()
        if rule.appeal is not None:
            yield "appeals", rule.appeal, frozenset()
    if any(rule.when is not None and rule.status != "green" for rule in drafts.rules.status_rules):
        yield "reasons", FACT_MISSING, frozenset()
    yield from _codes_of_categories(drafts)
    yield from _codes_of_areas_and_tests(drafts)
    override = drafts.rules.emergency_override
    yield "reasons", override.reason, frozenset({"until"})
    yield "next_steps", override.next_step, frozenset()
    for name in drafts.parameters:
        yield "parameters", name, frozenset()


def _codes_of_categories(drafts: Drafts) -> Iterator[tuple[str, str, frozenset[str]]]:
    for name, category in drafts.categories.items():
        yield "categories", name, frozenset()
        for stage in category.stages:
            yield "stages", stage.id, frozenset()
            yield "reasons", stage.reason, REASON_GAPS | {LIMIT_GAP}
        for step in (*category.stages, *(() if category.release is None else (category.release,))):
            yield "next_steps", step.next_step, frozenset()
            if step.appeal is not None:
                yield "appeals", step.appeal, frozenset()
        if category.release is not None:
            yield "reasons", category.release.reason, REASON_GAPS


def _codes_of_areas_and_tests(drafts: Drafts) -> Iterator[tuple[str, str, frozenset[str]]]:
    for level in drafts.areas.levels if drafts.areas else ():
        yield "levels", level.id, frozenset()
        for measure in level.measures:
            yield "measures", measure, frozenset()
    for group in drafts.testing.groups if drafts.testing else ():
        yield "groups", group.id, frozenset()
    for exemption in drafts.testing.exemptions if drafts.testing else ():
        yield "exemptions", exemption.id, frozenset()
    for clock in drafts.clocks:
        yield "clocks", clock.id, frozenset()
    for entry in drafts.retention:
        yield "purposes", entry.purpose, frozenset()


def check_texts(drafts: Drafts) -> None:
    asked: dict[tuple[str, str], frozenset[str]] = {}
    for table, code, gaps in _codes_asked(drafts):
        asked[table, code] = asked.get((table, code), gaps) & gaps
    for language in LANGUAGES:
        file, words = drafts.text_files[language], drafts.texts[language]
        for (table, code), gaps in asked.items():
            text = getattr(words, table).get(code)
            if text is None:
                file.problem("text_missing", (table, code), language=language)
            elif not text.strip():
                file.problem("text_empty", (table, code), language=language)
            else:
                _check_gaps(drafts, language, (table, code), text, gaps)
        for table in _TEXT_TABLES:
            for code in getattr(words, table):
                if (table, code) not in asked:
                    file.problem("text_unused", (table, code), language=language)


def _check_gaps(drafts: Drafts, language: Language, path: tuple[str, str], text: str, allowed: frozenset[str]) -> None:
    file = drafts.text_files[language]
    try:
        found = _gaps(text)
    except ValueError as error:
        file.problem("gap_broken", path, what=str(error))
        return
    for gap in sorted(found - allowed):
        file.problem("gap_unknown", path, gap=gap or "{}", known=", ".join(sorted(allowed)) or "–")
    first = getattr(drafts.texts[LANGUAGES[0]], path[0]).get(path[1])
    try:
        wanted = found if first is None else _gaps(first)
    except ValueError:
        return  # noted on the first language's own file
    if found != wanted:
        file.problem(
            "gaps_differ",
            path,
            language=LANGUAGES[0],
            gaps=", ".join(sorted(found)) or "–",
            wanted=", ".join(sorted(wanted)) or "–",
        )


def _gaps(text: str) -> frozenset[str]:
    names = set()
    for _, name, form, conversion in Formatter().parse(text):
        if form or conversion:
            raise ValueError(f"{name}: only the bare name may stand in a gap")
        if name is not None:
            names.add(name)
    return frozenset(names)

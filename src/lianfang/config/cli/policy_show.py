"""``lianfang policy show``: a pack at an instant, in words."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from lianfang.config.cli.console import Console
from lianfang.engine.packs import Pack
from lianfang.engine.packs.standing import CategoryInForce, GroupInForce, LevelInForce
from lianfang.foundation.pack_words import PackWords


def tell_pack(pack: Pack, as_of: datetime, console: Console) -> None:
    """What the pack says at ``as_of``: values, rules, categories, levels, testing, clocks, what is kept.

    Raises ``NotInForceError`` where it is not in force then.
    """
    words, language = PackWords(console.texts, (pack,)), _language(console)
    say, manifest = console.text, pack.manifest
    effective = manifest.effective
    end = say("policy_command.open") if effective.to is None else f"{effective.to:%Y-%m-%d %H:%M}"
    console.answer(f"{manifest.name.in_language(language)} ({pack.id}, {pack.version})", style="bold")
    console.answer(manifest.authority.in_language(language))
    console.answer(say("policy_command.effective", start=f"{effective.from_:%Y-%m-%d %H:%M}", end=end))
    console.answer(say("policy_command.digest", digest=pack.digest))
    layers = dict.fromkeys(
        origin.layer.file.name.in_language(language) for origins in pack.origins.values() for origin in origins
    )
    if layers:
        console.answer(say("policy_command.with_layers", layers=words.joined(layers)))
    rules = pack.rules_at(as_of)
    _section(console, "rules", [_marked(console, entry.is_unverified, _rule(words, entry)) for entry in rules])
    _section(console, "categories", _categories(words, console, pack.categories_at(as_of).values()))
    _section(console, "levels", [_level(words, console, level) for level in pack.levels_at(as_of)])
    _section(console, "groups", [_group(words, console, group) for group in pack.groups_at(as_of)])
    exempt = ((one.is_unverified, one.exemption.id, words.condition(one.when)) for one in pack.exemptions_at(as_of))
    _section(
        console,
        "exemptions",
        [_marked(console, unsure, f"{words.word('pack:exemptions', name)}: {when}") for unsure, name, when in exempt],
    )
    _section(console, "clocks", _clocks(words, console, pack, as_of))
    _section(console, "retention", _kept(words, console, pack, as_of))
    _section(console, "values", _values(words, console, pack, as_of))


def _language(console: Console) -> Any:
    return console.language


def _section(console: Console, name: str, lines: Iterable[str]) -> None:
    told = list(lines)
    if told:
        console.answer()
        console.answer(console.text(f"policy_command.section.{name}"), style="bold")
        for line in told:
            console.answer(f"  {line}")


def _marked(console: Console, is_unverified: bool, line: str) -> str:
    return f"{line} {console.text('policy_command.unverified')}" if is_unverified else line


def _rule(words: PackWords, entry: Any) -> str:
    status = words.word("status_reasons.status", entry.rule.status)
    limit = "" if entry.limit is None else f" [{words.span(entry.limit.value, entry.unit)}]"
    when = "" if entry.when is None else f" ({words.condition(entry.when)})"
    return f"{entry.rule.priority:>6} {status} {words.rule(entry.rule.id)}{limit}{when}"


def _categories(words: PackWords, console: Console, categories: Iterable[CategoryInForce]) -> Iterable[str]:
    say = console.text
    for one in categories:
        anchor = words.word("pack_words.anchor", one.category.anchor)
        name = words.word("pack:categories", one.id)
        yield _marked(console, one.is_unverified, say("policy_command.category_line", category=name, anchor=anchor))
        for entry in one.stages:
            stage = entry.stage
            colour = "–" if stage.status is None else words.word("status_reasons.status", stage.status)
            yield "    " + say(
                "policy_command.stage_line",
                stage=words.word("pack:stages", stage.id),
                place=words.word("pack_words.place", stage.place),
                first=entry.first_day,
                last=entry.last_day,
                movement=words.word("pack_words.movement", stage.movement),
                status=colour,
                tests=words.joined(str(day) for day in entry.test_days()),
            )


def _level(words: PackWords, console: Console, entry: LevelInForce) -> str:
    level = entry.level
    line = console.text(
        "policy_command.level_line",
        level=words.word("pack:levels", level.id),
        unit=words.word("pack_words.area_unit", level.unit),
        movement=words.word("pack_words.movement", level.movement),
        measures=words.joined(words.word("pack:measures", one) for one in level.measures),
    )
    if entry.enter_when is not None:
        line += console.text("policy_command.level_enter", condition=words.condition(entry.enter_when))
    if entry.lower_when is not None:
        then = words.word("pack:levels", level.next or "")
        line += console.text("policy_command.level_lower", condition=words.condition(entry.lower_when), next=then)
    return _marked(console, entry.is_unverified, line)


def _group(words: PackWords, console: Console, entry: GroupInForce) -> str:
    obligation = words.word("pack_words.obligation", entry.group.obligation)
    name = words.word("pack:groups", entry.group.id)
    rhythm = words.rhythm(entry.every_days, entry.share_per_day)
    return _marked(console, entry.is_unverified, f"{name}: {obligation}, {rhythm}")


def _clocks(words: PackWords, console: Console, pack: Pack, as_of: datetime) -> Iterable[str]:
    for one in pack.clocks_at(as_of):
        minutes = one.span.total_seconds() / 60
        span = words.span(minutes / 60, "hours") if minutes % 60 == 0 else words.span(minutes, "minutes")
        yield _marked(console, one.is_unverified, f"{words.word('pack:clocks', one.clock.id)}: {span}")


def _kept(words: PackWords, console: Console, pack: Pack, as_of: datetime) -> Iterable[str]:
    for one in pack.retention_at(as_of):
        purpose = words.word("pack:purposes", one.retention.purpose)
        yield _marked(console, one.is_unverified, f"{purpose}: {words.span(one.keep.days, 'days')}")


def _values(words: PackWords, console: Console, pack: Pack, as_of: datetime) -> Iterable[str]:
    """Each value with its source, and the layer that set it."""
    for name, parameter in pack.parameters.items():
        dated, origin = pack.value_at(name, as_of), pack.origin_of(f"parameters.{name}", as_of)
        if dated is None:
            yield f"{words.word('pack:parameters', name)}: {console.text('pack_words.retired')}"
            continue
        value = words.span(dated.value, parameter.unit)
        reference, _ = dated.reference_in(_language(console))
        line = f"{words.word('pack:parameters', name)}: {value} [{dated.grade}] {reference}"
        if origin is not None:
            layer = origin.layer.file.name.in_language(_language(console))
            because = origin.override.because.in_language(_language(console))
            line += console.text("policy_command.from_layer", layer=layer, because=because)
        yield _marked(console, dated.unverified, line)

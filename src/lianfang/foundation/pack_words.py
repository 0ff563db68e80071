"""What policy packs say, in words: conditions, differences, the nine don'ts.

The words of codes that a pack brings stand in the pack itself; those of the closed sets of the engine in
texts/*/pack_words.toml.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lianfang.engine.packs import Pack
from lianfang.engine.packs.differences import Change
from lianfang.engine.packs.facts import AREA_FACTS, PERSON_FACTS, FactSpec
from lianfang.engine.packs.guards import Guard
from lianfang.engine.packs.lint.nine_donts import DontAnswer, Finding
from lianfang.foundation.texts import Texts

_ALL_FACTS = {**PERSON_FACTS, **AREA_FACTS}
# Of which closed set the two values of a change are; a name of the pack's own tables begins with "pack:".
_VALUES_OF = {
    "count_anchor": "pack_words.anchor",
    "certificate_anchors": "pack_words.anchor",
    "stage_place": "pack_words.place",
    "stage_movement": "pack_words.movement",
    "level_movement": "pack_words.movement",
    "stage_cohabitants": "pack_words.cohabitants",
    "stage_status": "status_reasons.status",
    "rule_status": "status_reasons.status",
    "rule_harder": "status_reasons.status",
    "rule_pool_results": "pack_words.pool_result",
    "release_needs": "pack_words.need",
    "level_unit": "pack_words.area_unit",
    "unit_larger": "pack_words.area_unit",
    "group_obligation": "pack_words.obligation",
    "excluded_infections": "pack_words.excluded",
    "pool_wait": "pack_words.pool",
    "pool_resample": "pack_words.pool",
    "pool_neighbours": "pack_words.pool",
    "rule_next_step": "pack:next_steps",
    "level_next": "pack:levels",
    "group_in_level": "pack:levels",
}
# Of which set a param is by its own name.
_NAMED = {
    "place": "pack_words.place",
    "movement": "pack_words.movement",
    "unit": "pack_words.area_unit",
    "status": "status_reasons.status",
    "transition": "pack_words.transition",
    "obligation": "pack_words.obligation",
    "stage": "pack:stages",
    "level": "pack:levels",
    "measure": "pack:measures",
    "measures": "pack:measures",
    "category": "pack:categories",
    "exemption": "pack:exemptions",
    "clock": "pack:clocks",
    "purpose": "pack:purposes",
    "parameter": "pack:parameters",
}
_WHO_TABLES = {"category": "pack:categories", "level": "pack:levels", "group": "pack:groups"}


class PackWords:
    """Words of one language; ``packs`` are asked one after the other for the words of their own codes."""

    def __init__(self, texts: Texts, packs: Iterable[Pack] = ()) -> None:
        self._texts = texts
        self._packs = tuple(packs)

    def word(self, table: str, code: str) -> str:
        """The words of a code: ``table`` of the texts, or ``pack:<table>`` of the packs; the code where it has none."""
        if not table.startswith("pack:"):
            return self._texts.of_code(table, code)
        for pack in self._packs:
            words: dict[str, str] = getattr(pack.texts[self._texts.language], table.removeprefix("pack:"))  # type: ignore[index]
            if code in words:
                return words[code]
        return code

    def joined(self, parts: Iterable[str]) -> str:
        return self._texts("pack_words.list").join(parts) or self._texts("pack_words.none")

    def span(self, value: float | None, unit: str) -> str:
        """A number with its unit."""
        if value is None:
            return self._texts("pack_words.none")
        return self._texts(f"pack_words.span.{unit}", value=f"{value:g}")

    def condition(self, guard: Guard | None) -> str:
        """A guard or a criterion as part of a sentence."""
        if guard is None:
            return self._texts("pack_words.always")
        parts = [self._comparison(guard)] if guard.fact is not None else []
        if guard.all_ is not None:
            parts.append(self._join("and", guard.all_))
        if guard.any_ is not None:
            joined = self._join("or", guard.any_)
            alone = len(guard.any_) == 1 or (guard.all_ is None and guard.not_ is None)
            parts.append(joined if alone else self._texts("pack_words.compare.group", condition=joined))
        if guard.not_ is not None:
            parts.append(self._texts("pack_words.compare.not", condition=self.condition(guard.not_)))
        return self._texts("pack_words.compare.and").join(parts)

    def _join(self, how: str, guards: tuple[Guard, ...]) -> str:
        parts = [self.condition(one) for one in guards]
        grouped = [
            self._texts("pack_words.compare.group", condition=part) if one.fact is None and len(guards) > 1 else part
            for one, part in zip(guards, parts, strict=True)
        ]
        return self._texts(f"pack_words.compare.{how}").join(grouped)

    def _comparison(self, one: Guard) -> str:
        say, name = self._texts, str(one.fact)
        spec, fact = _ALL_FACTS.get(name, FactSpec("number")), self.word("pack_words.fact", name)
        if isinstance(one.is_, bool):
            said = say(f"pack_words.compare.{'yes' if one.is_ else 'no'}", fact=fact)
        elif one.is_ is not None:
            said = say("pack_words.compare.is", fact=fact, value=self.word(f"pack_words.{name}", one.is_))
        elif one.at_least is not None and one.at_most is not None:
            low, high = self._bound(one.at_least, spec), self._bound(one.at_most, spec)
            said = say("pack_words.compare.between", fact=fact, low=low, high=high)
        else:
            how = "at_most" if one.at_least is None else "at_least"
            bound = one.at_most if one.at_least is None else one.at_least
            said = self._one_sided(name, how, bound) or say(
                f"pack_words.compare.{how}", fact=fact, value=self._bound(bound, spec)
            )
        if one.within_days is None:
            return said
        return say("pack_words.compare.within", days=self._number(one.within_days), comparison=said)

    def _one_sided(self, fact: str, how: str, bound: int | float | str | None) -> str:
        """A comparison in words of its own, where the texts have some; "" otherwise."""
        key = f"pack_words.said.{fact}_{how}"
        if isinstance(bound, str) or key not in self._texts:
            return ""
        return self._texts(key, number=self._number(bound))

    def _bound(self, bound: int | float | str | None, spec: FactSpec) -> str:
        if isinstance(bound, str):
            return self.word("pack:parameters", bound)
        return self.span(bound, spec.unit or "count")

    def _number(self, value: int | float | str | None) -> str:
        if value is None:
            return self._texts("pack_words.none")
        return value if isinstance(value, str) else f"{value:g}"

    def rule(self, name: str) -> str:
        """A rule by what it tells people, with its gaps left open."""
        for pack in self._packs:
            rule = next((one for one in pack.rules if one.id == name), None)
            if rule is not None:
                gaps = dict.fromkeys(("since", "until", "sampled_at", "limit"), "…")
                return pack.text(self._texts.language, "reasons", rule.reason, **gaps)
        return name

    def who(self, change: Change) -> str:
        """Whom a change concerns, as a heading."""
        if change.who == "kind":
            return self._texts(f"pack_words.kind.{change.whom}")
        name = self.word(_WHO_TABLES[change.who], change.whom) if change.who in _WHO_TABLES else ""
        return self._texts(f"pack_words.who.{change.who}", name=name)

    def change(self, change: Change) -> str:
        """A difference between two packs as a sentence."""
        params = {name: self._value(change.code, name, change.params) for name in change.params}
        if change.code == "group_new":
            params["rhythm"] = self.rhythm(change.params["every_days"], change.params["share"])  # type: ignore[arg-type]
        key = f"pack_words.change.{change.code}"
        for param, ending in (("before", "_new"), ("after", "_gone")):
            if change.params.get(param, "") in (None, ()) and f"{key}{ending}" in self._texts:
                key += ending
        return self._texts(key, **params)

    def finding(self, finding: Finding) -> str:
        """What speaks against one of the nine don'ts."""
        params = {name: self._value(finding.code, name, finding.params) for name in finding.params}
        return self._texts(f"pack_words.dont_found.{finding.code}", **params)

    def dont(self, answer: DontAnswer) -> tuple[str, tuple[str, ...]]:
        """The don't's own words, and what was found; where it cannot be decided, why, and what is not said."""
        name = self._texts(f"pack_words.dont.{answer.number}")
        if answer.outcome == "undecided":
            unsaid = (self.finding(one) for one in answer.unsaid)
            return name, (self._texts(f"pack_words.dont_undecided.{answer.number}"), *unsaid)
        return name, tuple(self.finding(one) for one in answer.findings)

    def rhythm(self, every_days: float | None, share: float | None) -> str:
        """How often a group is tested."""
        if every_days is not None:
            return self._texts("pack_words.rhythm.every", days=f"{every_days:g}")
        if share is not None:
            return self._texts("pack_words.rhythm.share", share=f"{share:g}")
        return self._texts("pack_words.rhythm.free")

    def _value(self, code: str, name: str, params: Any) -> str:
        value = params[name]
        if name == "rule":
            return self.rule(value)
        if isinstance(value, Guard):
            return self.condition(value)
        if name in ("before", "after"):
            return self._compared(code, value, params)
        if name in ("before_span", "after_span"):
            return (
                self._texts("pack_words.none")
                if value is None
                else self.span(float(value.split()[0]), value.split()[1])
            )
        if name == "tests":
            return self._days(value)
        if name == "for_level_or_group":
            return self._level_or_group(value)
        return self._plain(_NAMED.get(name), value)

    def _compared(self, code: str, value: Any, params: Any) -> str:
        if code in ("rule_when", "release_when", "level_enter", "level_lower", "group_who", "exemption_when"):
            return self.condition(value)
        if code == "stage_tests":
            return self._days(value)
        if code == "excluded_infections":
            return self._texts("pack_words.list_long").join(self.word("pack_words.excluded", one) for one in value)
        if code == "pool_sizes":
            return self.joined(self._tube(size) for size in value)
        if code == "clock_minutes":
            whole_hours = value is not None and value % 60 == 0
            return self.span(value / 60, "hours") if whole_hours else self.span(value, "minutes")
        if code in ("parameter_value", "parameter_later"):
            return self._texts("pack_words.none") if value is None else self.span(value, params["value_unit"])
        if code == "stage_status" and value is None:
            return self._texts("pack_words.no_colour")
        return self._plain(_VALUES_OF.get(code), value)

    def _plain(self, table: str | None, value: Any) -> str:
        if isinstance(value, tuple):
            return self.joined(self._plain(table, one) for one in value)
        if isinstance(value, str) and table is not None:
            return self.word(table, value)
        return self._number(value)

    def _days(self, days: tuple[int, ...]) -> str:
        if not days:
            return self._texts("pack_words.none")
        return self._texts("pack_words.day", days=self.joined(str(day) for day in days))

    def _tube(self, size: int) -> str:
        if size in (0, 1):
            return self._texts(f"pack_words.tube.{'single' if size else 'household'}")
        return self._texts("pack_words.tube.size", size=size)

    def _level_or_group(self, code: str) -> str:
        if code == "everyone":
            return self._texts("pack_words.everyone")
        named = self.word("pack:levels", code)
        return self.word("pack:groups", code) if named == code else named

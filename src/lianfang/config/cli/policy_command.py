"""``lianfang policy lint | diff | show | schema``: policy packs looked at without a database."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lianfang.config.cli.console import Console
from lianfang.config.policy_folder import policy_packs_folder
from lianfang.engine.packs import NotInForceError, Pack, PackError, Problem, load_pack, read_pack
from lianfang.engine.packs.differences import Change, differences, later_changes, moments_of
from lianfang.engine.packs.lint.nine_donts import DontAnswer, nine_donts
from lianfang.engine.packs.lint.together import check_together
from lianfang.engine.packs.schema import schemas
from lianfang.engine.packs.yaml_lines import read_yaml
from lianfang.foundation.pack_words import PackWords

if TYPE_CHECKING:
    from lianfang.engine.status.cases import CaseOutcome

DONE, WITH_ERRORS, USAGE = 0, 1, 2
SCHEMA_FOLDER = "schema"


class UnknownPackError(LookupError):
    """No pack of that name or at that path."""


def run_policy(arguments: argparse.Namespace, console: Console) -> int:
    """0: done, nothing wrong; 1: a pack has errors, or a schema is out of date; 2: no such pack."""
    actions = {"lint": _lint, "diff": _diff, "show": _show, "schema": _schema, "replay": _replay, "history": _history}
    try:
        return actions[arguments.action](arguments, console)
    except UnknownPackError as error:
        known = ", ".join(folder.parent.name + "/" + folder.name for folder in _all_folders())
        console.error(console.text("policy_command.unknown_pack", given=str(error), known=known))
        return USAGE
    except PackError as error:
        for problem in error.problems:
            if problem.is_error:
                console.error(_sentence(console, "", problem))
        return WITH_ERRORS
    except NotInForceError as error:
        console.error(console.text("policy_command.not_in_force", what=str(error)))
        return USAGE


def _all_folders() -> list[Path]:
    return sorted(manifest.parent for manifest in policy_packs_folder().glob("*/*/pack.yaml"))


def _folder_of(name: str) -> Path:
    """A pack by its id (``covid19/v9``), or by the path of its folder."""
    for folder in (policy_packs_folder() / name, Path(name)):
        if (folder / "pack.yaml").is_file():
            return folder
    raise UnknownPackError(name)


def _sentence(console: Console, pack: str, problem: Problem) -> str:
    """File, line and key, then what is wrong and how to mend it."""
    name = f"{pack}/{problem.file}" if pack else problem.file
    place: dict[str, str | int] = {"file": name, "line": problem.line, "key": problem.key or "–"}
    params: dict[str, Any] = dict(problem.params)
    if problem.code == "wrong_type":
        params["wanted"] = console.text(f"pack.wanted.{params['wanted']}")
    texts = console.texts
    return texts.of_code("pack.place", "line", place) + texts.of_code("pack.problem", problem.code, params)


@dataclass(frozen=True, slots=True)
class _Linted:
    """A pack with everything that was found about it."""

    name: str
    problems: tuple[Problem, ...]
    donts: tuple[tuple[str, DontAnswer], ...]
    """Each with the layer it is about; "" is the pack itself."""
    words: PackWords
    pack: Pack | None
    folder: Path
    earlier: tuple[Pack, ...]
    """The packs that it supersedes, the latest first, as far as they are here."""

    @property
    def errors(self) -> int:
        return sum(problem.is_error for problem in self.problems)


def _lint(arguments: argparse.Namespace, console: Console) -> int:
    folders = [_folder_of(name) for name in arguments.packs] or _all_folders()
    linted = _lint_all(folders, console)
    cases = {one.name: _decided(one) for one in linted} if arguments.cases else {}
    if arguments.json:
        console.raw(json.dumps([_as_json(one, cases) for one in linted], ensure_ascii=False, indent=1))
    else:
        _tell_all(linted, cases, console)
    has_wrong_cases = any(outcome.difference for outcomes in cases.values() for outcome in outcomes)
    return WITH_ERRORS if has_wrong_cases or any(one.errors for one in linted) else DONE


def _decided(linted: _Linted) -> tuple[CaseOutcome, ...]:
    # Imported on use: the lint alone should not wait for the engine to load.
    from lianfang.config.cli.policy_cases import decided_cases

    return () if linted.pack is None else decided_cases(linted.pack, linted.earlier, linted.folder)


def _tell_all(linted: Sequence[_Linted], cases: Mapping[str, tuple[CaseOutcome, ...]], console: Console) -> None:
    for one in linted:
        _tell(one, console)
        if cases.get(one.name):
            from lianfang.config.cli.policy_cases import tell_cases

            tell_cases(cases[one.name], one.name, console)
    _tell_why_undecided(linted, console)
    errors = sum(one.errors for one in linted)
    warnings = sum(len(one.problems) for one in linted) - errors
    summary = console.text("policy_command.lint_done", packs=len(linted), errors=errors, warnings=warnings)
    console.answer(summary, style="bold")


def _lint_all(folders: Iterable[Path], console: Console) -> list[_Linted]:
    found = {_id_of(folder): (folder, *read_pack(folder)) for folder in folders}
    beside = _packs_beside([pack for _, pack, _ in found.values() if pack is not None], found)
    together = check_together(beside.values())
    linted = []
    for name, (folder, pack, problems) in found.items():
        others = () if pack is None else _with_lines(folder, together.get(pack.id, ()))
        base = next(iter(_earlier(pack, beside)), None)
        words = PackWords(console.texts, [one for one in (pack, base) if one is not None])
        donts = () if pack is None else _donts(pack, base)
        linted.append(_Linted(name, (*problems, *others), donts, words, pack, folder, _earlier(pack, beside)))
    return linted


def _with_lines(folder: Path, problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Problems of a manifest with the lines of their keys."""
    manifest = read_yaml(folder / "pack.yaml", "pack.yaml")
    return tuple(replace(one, line=manifest.line_of(tuple(one.key.split(".")))) for one in problems)


def _id_of(folder: Path) -> str:
    return "/".join(folder.resolve().parts[-2:])


def _packs_beside(packs: Iterable[Pack], read: Iterable[str]) -> dict[str, Pack]:
    """The packs themselves, and the shipped ones of the same diseases that they are held against."""
    known = {pack.id: pack for pack in packs}
    diseases = {pack.manifest.disease for pack in known.values()}
    already = set(read)
    for folder in _all_folders():
        if _id_of(folder) not in already:
            pack, _ = read_pack(folder)
            if pack is not None and pack.manifest.disease in diseases:
                known[pack.id] = pack
    return known


def _earlier(pack: Pack | None, known: dict[str, Pack]) -> tuple[Pack, ...]:
    chain: list[Pack] = []
    name = None if pack is None else pack.manifest.supersedes
    while name in known and known[name] not in chain:
        chain.append(known[name])
        name = known[name].manifest.supersedes
    return tuple(chain)


def _donts(pack: Pack, base: Pack | None) -> tuple[tuple[str, DontAnswer], ...]:
    """The nine don'ts of the pack against the one before it, and of each layer against what it is set over."""
    own = tuple(("", answer) for answer in nine_donts(pack, base))
    layers = tuple(
        (layer.division, answer)
        for layer in pack.layers
        for answer in nine_donts(pack.for_division(layer.division), pack.for_division(layer.division[:-2]))
        if answer.outcome == "broken"
    )
    return own + layers


def _tell(linted: _Linted, console: Console) -> None:
    say = console.text
    errors, warnings = linted.errors, len(linted.problems) - linted.errors
    console.answer(say("policy_command.pack_line", pack=linted.name, errors=errors, warnings=warnings), style="bold")
    for problem in linted.problems:
        line = _sentence(console, linted.name, problem)
        if problem.is_error:
            console.answer(f"  {say('policy_command.error')} {line}", style="red")
        else:
            console.answer(f"  {say('policy_command.warning')} {line}", style="yellow")
    for division, answer in linted.donts:
        _tell_dont(linted, division, answer, console)
    undecided = [str(answer.number) for _, answer in linted.donts if answer.outcome == "undecided"]
    if undecided:
        console.answer("  " + say("policy_command.undecided", numbers=console.text("pack_words.list").join(undecided)))
        for answer in (answer for division, answer in linted.donts if answer.outcome == "undecided" and not division):
            for unsaid in linted.words.dont(answer)[1][1:]:
                console.answer(f"    {answer.number}. {unsaid}")


def _tell_why_undecided(linted: Iterable[_Linted], console: Console) -> None:
    """Once for all packs: what of the nine don'ts a person has to look at, and why."""
    told: dict[int, str] = {}
    for one in linted:
        for division, answer in one.donts:
            if answer.outcome == "undecided" and not division:
                name, (why, *_) = one.words.dont(answer)
                line = console.text("policy_command.undecided_line", number=answer.number, name=name, why=why)
                told.setdefault(answer.number, line)
    for number in sorted(told):
        console.answer(f"  {told[number]}")


def _tell_dont(linted: _Linted, division: str, answer: DontAnswer, console: Console) -> None:
    if answer.outcome != "broken":
        return
    say, (name, findings) = console.text, linted.words.dont(answer)
    where = say("policy_command.in_layer", division=division) if division else ""
    broken = say("policy_command.dont_broken", number=answer.number, name=name, where=where)
    console.answer(f"  {say('policy_command.warning')} {broken}", style="yellow")
    for finding in findings:
        console.answer(f"    {finding}")


def _as_json(linted: _Linted, cases: Mapping[str, tuple[CaseOutcome, ...]]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "pack": linted.name,
        "problems": [
            {
                "code": one.code,
                "file": one.file,
                "line": one.line,
                "key": one.key,
                "is_error": one.is_error,
                "params": dict(one.params),
            }
            for one in linted.problems
        ],
        "nine_donts": [
            {
                "layer": division or None,
                "number": answer.number,
                "outcome": answer.outcome,
                "findings": [{"code": one.code, "params": one.params} for one in answer.findings],
                "unsaid": [{"code": one.code, "params": one.params} for one in answer.unsaid],
            }
            for division, answer in linted.donts
        ],
    }
    if linted.name in cases:
        from lianfang.config.cli.policy_cases import cases_as_json

        told["cases"] = cases_as_json(cases[linted.name])
    return told


def _replay(arguments: argparse.Namespace, console: Console) -> int:
    # Imported on use: it needs the database, or the engine.
    from lianfang.config.cli.replay_command import run_replay

    old, new = (load_pack(_folder_of(name)) for name in (arguments.old, arguments.new))
    others = tuple(_packs_beside((old, new), (old.id, new.id)).values()) if arguments.facts is not None else ()
    if arguments.division:
        old, new = old.for_division(arguments.division), new.for_division(arguments.division)
        others = tuple(one.for_division(arguments.division) for one in others)
    return run_replay(arguments, console, old, new, others)


def _history(arguments: argparse.Namespace, console: Console) -> int:
    # Imported on use: it needs the engine and the generator.
    from lianfang.config.cli.history_command import run_history

    return run_history(arguments, console)


def _diff(arguments: argparse.Namespace, console: Console) -> int:
    old, new = (load_pack(_folder_of(name)) for name in (arguments.old, arguments.new))
    if arguments.division:
        old, new = old.for_division(arguments.division), new.for_division(arguments.division)
    moments = moments_of(old, new)
    changes, later = differences(old, new, moments), later_changes(new, moments[1])
    if arguments.json:
        told = {
            "old": {"id": old.id, "version": old.version, "digest": old.digest, "at": str(moments[0])},
            "new": {"id": new.id, "version": new.version, "digest": new.digest, "at": str(moments[1])},
            "changes": [change.as_json() for change in changes],
            "later": [{"at": str(at), "changes": [change.as_json() for change in found]} for at, found in later],
        }
        console.raw(json.dumps(told, ensure_ascii=False, indent=1))
        return DONE
    words, language = PackWords(console.texts, (new, old)), _language(console)
    title = {
        "old": old.manifest.name.in_language(language),
        "old_at": f"{moments[0]:%Y-%m-%d %H:%M}",
        "new": new.manifest.name.in_language(language),
        "new_at": f"{moments[1]:%Y-%m-%d %H:%M}",
    }
    console.answer(console.text("policy_command.diff_title", **title), style="bold")
    _tell_changes(changes, words, console)
    for at, found in later:
        console.answer()
        console.answer(console.text("policy_command.diff_later", at=f"{at:%Y-%m-%d %H:%M}"), style="bold")
        _tell_changes(found, words, console)
    return DONE


def _language(console: Console) -> Any:
    return console.language


def _tell_changes(changes: Iterable[Change], words: PackWords, console: Console) -> None:
    heading = None
    for change in changes:
        if (who := words.who(change)) != heading:
            heading = who
            console.answer()
            console.answer(heading, style="bold")
        console.answer(f"  · {words.change(change)}")


def _show(arguments: argparse.Namespace, console: Console) -> int:
    from lianfang.config.cli.policy_show import tell_pack

    pack = load_pack(_folder_of(arguments.pack))
    if arguments.division:
        pack = pack.for_division(arguments.division)
    tell_pack(pack, arguments.as_of or pack.manifest.effective.from_, console)
    return DONE


def _schema(arguments: argparse.Namespace, console: Console) -> int:
    folder, current = policy_packs_folder() / SCHEMA_FOLDER, schemas()
    stale = [
        name
        for name, content in current.items()
        if not (folder / name).is_file() or (folder / name).read_text("utf-8") != content
    ]
    if arguments.check:
        for name in stale:
            console.error(console.text("policy_command.schema_stale", file=name))
        return WITH_ERRORS if stale else DONE
    folder.mkdir(exist_ok=True)
    for name, content in current.items():
        (folder / name).write_text(content, "utf-8")
    console.answer(console.text("policy_command.schema_written", count=len(current), changed=len(stale)))
    return DONE

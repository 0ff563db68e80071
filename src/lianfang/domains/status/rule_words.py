"""The words of rules: of the pack that decides, and of one before it whose rule it keeps."""

from __future__ import annotations

import json
from typing import Any

from lianfang.domains.policy.packs import packs_on_disk
from lianfang.foundation.web.language import current_texts, t


def said_by(pack_id: str, version: int, rule: str) -> tuple[str, int]:
    """The pack whose words a decision by ``rule`` is said in: that which decided, or the one before it whose rule it
    keeps (``covid19/v9:isolation_order``)."""
    before = rule.rpartition(":")[0]
    if not before:
        return pack_id, version
    return before, max((known for name, known in packs_on_disk() if name == before), default=0)


def name_of_pack(pack_id: str, version: int) -> str:
    pack = packs_on_disk().get((pack_id, version))
    if pack is None:
        return f"{pack_id} {version}".removesuffix(" 0")
    return pack.manifest.name.in_language(current_texts().language)  # type: ignore[arg-type]


def pack_text(pack_id: str, version: int, table: str, code: str, **gaps: Any) -> str:
    """The words of a pack's code in the reader's language; the code itself where the pack is gone."""
    if not code:
        return ""
    pack = packs_on_disk().get((pack_id, version))
    if pack is None:
        # The pack was removed from the disk after the decision: its codes still say which rule it was.
        return code
    return pack.text(current_texts().language, table, code, **gaps)


def reason_in_general(pack_id: str, version: int, rule: str, reason: str, params: Any) -> str:
    """A reason as it is said of many people: without the end that differs from one to another."""
    gaps = {**gaps_of(params, None), "until": t("status.run.until_gap")}
    return pack_text(*said_by(pack_id, version, rule), "reasons", reason, **gaps)


def rule_name(rule: str, pack_id: str = "", version: int = 0) -> str:
    """What a rule for orders is called; one of an earlier pack with its pack, one without a name by what it says."""
    before, _, bare = rule.rpartition(":")
    words, key = current_texts(), f"status.rule.{bare}"
    if key in words:
        name = words(key)
    else:
        pack = packs_on_disk().get(said_by(pack_id, version, rule))
        found = None if pack is None else next((one for one in pack.rules if one.id == bare), None)
        name = bare if found is None else reason_in_general(pack_id, version, rule, found.reason, {})
    return name if not before else t("status.rule_of", rule=name, pack=name_of_pack(*said_by(pack_id, version, rule)))


def gaps_of(params: Any, until: str | None) -> dict[str, Any]:
    given = json.loads(params) if isinstance(params, str) else dict(params or {})
    return {"limit": "", "unit": "", **given, "until": until[:16] if until else t("web.unknown")}

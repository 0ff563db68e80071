"""Policy packs: dated rules as data, loaded, validated and looked up ``as_of``."""

from lianfang.engine.packs.loading import lint_pack, load_pack, load_packs, read_pack
from lianfang.engine.packs.pack import NotInForceError, Pack, RuleInForce, pack_in_force
from lianfang.engine.packs.problems import PackError, Problem

__all__ = [
    "NotInForceError",
    "Pack",
    "PackError",
    "Problem",
    "RuleInForce",
    "lint_pack",
    "load_pack",
    "load_packs",
    "pack_in_force",
    "read_pack",
]

"""What is compared between two records of people in China, and what each outcome weighs.

The weights stand in ``model.toml``; ``benchmarks/linkage_train.py`` measures them. Weights that
depend on the data at hand (how common a name is, how many live in a building) are computed from it.
"""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib.resources import files
from typing import Any

from lianfang.engine.linkage.contract import Settings
from lianfang.engine.linkage.scoring import Comparison, Level, Model

# Masks: equal length means position by position; otherwise each run of stars stands for anything.
_FITS = """CASE WHEN length({m}) = length({w}) THEN {w} LIKE replace({m}, '*', '_')
 ELSE {w} LIKE regexp_replace({m}, '\\*+', '%', 'g') END"""
_BOTH_MASKED = """(length({a}) <> length({b}) OR len(list_filter(range(1, length({a}) + 1),
 lambda i: {a}[i] <> {b}[i] AND {a}[i] <> '*' AND {b}[i] <> '*')) = 0)"""


def _mask_level(whole: str, mask: str) -> str:
    fits_l = _FITS.format(m=f"l.{mask}", w=f"r.{whole}")
    fits_r = _FITS.format(m=f"r.{mask}", w=f"l.{whole}")
    both = _BOTH_MASKED.format(a=f"l.{mask}", b=f"r.{mask}")
    return f"""WHEN l.{mask} IS NOT NULL AND r.{whole} IS NOT NULL
            THEN CASE WHEN {fits_l} THEN 'masked' ELSE 'misfit' END
        WHEN r.{mask} IS NOT NULL AND l.{whole} IS NOT NULL
            THEN CASE WHEN {fits_r} THEN 'masked' ELSE 'misfit' END
        WHEN l.{mask} IS NOT NULL AND r.{mask} IS NOT NULL AND length(l.{mask}) = length(r.{mask})
            THEN CASE WHEN {both} THEN 'masked' ELSE 'misfit' END"""


ID_SQL = f"""CASE
    WHEN coalesce(l.id_type, r.id_type, '') <> coalesce(r.id_type, l.id_type, '') THEN NULL
    WHEN l.id_number IS NOT NULL AND r.id_number IS NOT NULL THEN
        CASE WHEN l.id_number = r.id_number THEN 'same'
             WHEN damerau_levenshtein(l.id_number, r.id_number) = 1 THEN 'one_digit'
             WHEN damerau_levenshtein(l.id_number, r.id_number) = 2 THEN 'two_digits'
             ELSE 'different' END
    {_mask_level("id_number", "id_mask")} END"""
PHONE_SQL = f"""CASE
    WHEN l.phone IS NOT NULL AND r.phone IS NOT NULL THEN
        CASE WHEN l.phone = r.phone THEN 'same'
             WHEN damerau_levenshtein(l.phone, r.phone) = 1 THEN 'one_digit' ELSE 'different' END
    {_mask_level("phone", "phone_mask")} END"""
BIRTH_SQL = """CASE WHEN l.birth_on IS NULL OR r.birth_on IS NULL THEN NULL
    WHEN l.birth_on = r.birth_on THEN 'same'
    WHEN damerau_levenshtein(l.birth_on::VARCHAR, r.birth_on::VARCHAR) = 1
      OR (year(l.birth_on) = year(r.birth_on) AND month(l.birth_on) = day(r.birth_on)
          AND day(l.birth_on) = month(r.birth_on)) THEN 'one_off'
    ELSE 'different' END"""
SEX_SQL = """CASE WHEN l.sex IS NULL OR r.sex IS NULL THEN NULL
    WHEN l.sex = r.sex THEN 'same' ELSE 'different' END"""
PLACE_SQL = """CASE
    WHEN l.community <> r.community OR l.compound <> r.compound THEN 'elsewhere'
    WHEN l.building <> r.building THEN 'other_building'
    WHEN l.building = r.building AND (l.unit <> r.unit OR l.room <> r.room) THEN 'other_room'
    WHEN l.building = r.building AND l.room = r.room THEN 'room'
    WHEN l.building = r.building THEN 'building'
    WHEN l.building IS NULL AND r.building IS NULL AND l.room IS NOT NULL AND r.room IS NOT NULL
         AND (l.community = r.community OR l.compound = r.compound)
         THEN CASE WHEN l.room = r.room THEN 'room' ELSE 'other_room' END
    WHEN l.community = r.community OR l.compound = r.compound THEN 'community'
    END"""
# SQL: nothing that both sides say of the place differs; the building and the room are compared elsewhere.
SAME_PLACE = """(l.community = r.community OR l.community IS NULL OR r.community IS NULL)
    AND (l.compound = r.compound OR l.compound IS NULL OR r.compound IS NULL)
    AND (l.unit = r.unit OR l.unit IS NULL OR r.unit IS NULL)"""

SQL = {
    "name": "c.name_level",
    "identity": ID_SQL,
    "phone": PHONE_SQL,
    "birth": BIRTH_SQL,
    "sex": SEX_SQL,
    "place": PLACE_SQL,
    "tube": "CASE WHEN c.same_tube THEN 'same' END",
}

# Weights that the data at hand decides; :name is filled from the chances measured on it.
_MEASURED: dict[tuple[str, str], str] = {
    ("name", "same"): "greatest(l.name_tf, r.name_tf)",
    ("name", "sounds"): "greatest(l.sound_tf, r.sound_tf)",
    ("name", "masked"): "greatest(l.surname_tf, r.surname_tf)",
    ("phone", "same"): "greatest(l.phone_tf, r.phone_tf)",
    ("phone", "masked"): "pow(10.0, -least(coalesce(l.phone_shown, 11), coalesce(r.phone_shown, 11)))",
    ("identity", "masked"): "pow(10.0, -least(coalesce(l.id_shown, 8), coalesce(r.id_shown, 8)))",
    ("place", "room"): ":room",
    ("place", "building"): ":building",
    ("place", "other_room"): ":building",
    ("place", "community"): ":community",
    ("tube", "same"): ":tube",
}


@lru_cache(maxsize=1)
def weights() -> dict[str, Any]:
    """The trained weights as they stand in ``model.toml``."""
    text = files("lianfang.engine.linkage").joinpath("model.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def chinese_model(*, people: float, chances: dict[str, float], settings: Settings) -> Model:
    """The model for this data: ``people`` of them; ``chances`` that two strangers
    agree by accident on room, building, community and tube."""
    trained = weights()
    comparisons = []
    for name, sql in SQL.items():
        levels = {
            code: Level(given["m"], _u(name, code, given, chances), given["u_household"])
            for code, given in trained[name].items()
        }
        comparisons.append(Comparison(name, sql, levels))
    prior = 1.0 / max(people, 2)
    calibration = trained["calibration"]
    return Model(
        comparisons,
        prior=prior,
        prior_household=prior * settings.household_mates,
        slope=calibration["slope"],
        intercept=calibration["intercept"],
    )


def _u(name: str, code: str, given: dict[str, float], chances: dict[str, float]) -> float | str:
    measured = _MEASURED.get((name, code))
    if measured is None:
        return given["u"]
    if measured.startswith(":"):
        return max(chances[measured[1:]], 1e-9)
    return measured

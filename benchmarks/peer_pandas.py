"""The peer: what a good analyst of a county's centre for disease control writes in pandas in an evening.

    python -m benchmarks.peer_pandas FOLDER -o report.xlsx [--files three] [--json answer.json] [--engine calamine]

It is written for speed of writing and of running, as such a person would: it knows the demo's 16 files, and the
three large .xlsx (``--files three``), with their columns by heart, so it need not find a table, guess a column,
doubt a cell or explain itself, and works on no other files. It shares no code with Lianfang. ``--json`` writes the
lists in the form that ``lianfang demo-data --score`` reads, only so that the answer can be scored; the time that
takes is printed apart.
"""

from __future__ import annotations

import argparse
import json
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
from rapidfuzz import fuzz, process

from benchmarks.peer_forms import FORMS, Form, Forms

# A column of which nothing is known stays one of texts.
pd.set_option("future.no_silent_downcasting", True)
ORIGIN = ["file", "sheet", "row"]
# What may stand in a form; where it does not, nothing is known of it.
PERSON_COLUMNS = [
    "no",
    "community",
    "compound",
    "building",
    "unit",
    "room",
    "name",
    "id",
    "phone",
    "relation",
    "address",
]
SAMPLE_COLUMNS = ["box", "kind", "state", "note"]
MEANING = {
    "negative": ["阴性", "阴性(-)", "0", "未检出", "阴"],
    "positive": ["阳性", "阳性(+)", "1", "检出", "阳"],
    "indeterminate": ["可疑", "2", "灰区"],
    "invalid": ["无效", "3", "样本不合格"],
}
RESULT_OF = {word: meaning for meaning, words in MEANING.items() for word in words}
CAPACITY = {"单采": 1, "5混1": 5, "10混1": 10, "20混1": 20}
DIGITS = "一二三四五六七八九"
TENS = ["", "十", *(f"{digit}十" for digit in DIGITS[1:])]
CHINESE = {ten + one: str(10 * t + o) for t, ten in enumerate(TENS) for o, one in enumerate(["", *DIGITS]) if ten + one}
# Radicals that normalising leaves alone; one sees them in the list of conflicts and adds them.
RADICALS = str.maketrans("⻢⻰⻜⻋⻛", "马龙飞车风")
WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])


def read(folder: Path, forms: list[Form], engine: str) -> pd.DataFrame:
    """All files of one kind below one another, every cell as text, with where it stands."""
    frames = []
    for pattern, encoding, skip, columns in forms:
        names = columns.split()
        for path in sorted(folder.glob(pattern)):
            if path.suffix == ".csv":
                sheets = {"": pd.read_csv(path, encoding=encoding, skiprows=skip, header=None, names=names, dtype=str)}
            else:
                used = engine if path.suffix == ".xlsx" else engine_for_xls(engine)
                sheets = pd.read_excel(
                    path, sheet_name=None, skiprows=skip, header=None, names=names, dtype=str, engine=used
                )
            for sheet, frame in sheets.items():
                frames.append(frame.assign(file=path.name, sheet=sheet, row=frame.index + skip + 1))
    return pd.concat(frames, ignore_index=True)


def engine_for_xls(engine: str) -> str:
    """The default is xlrd; where that is not installed, calamine, which is faster."""
    return "xlrd" if engine == "openpyxl" and find_spec("xlrd") else "calamine"


def text(column: pd.Series) -> pd.Series:
    return column.str.normalize("NFKC").str.replace(r"[\s']", "", regex=True).replace("", np.nan)


def number(column: pd.Series) -> pd.Series:
    column = text(column)
    digits = column.str.extract(r"(\d+)", expand=False)
    return digits.fillna(column.str.extract(r"([一二三四五六七八九十]+)", expand=False).map(CHINESE))


def has_right_check_digit(ids: pd.Series) -> pd.Series:
    """For texts of 17 digits and a check character."""
    codes = np.array(ids.tolist(), dtype="U18").view(np.uint32).reshape(-1, 18) - ord("0")
    wanted = np.array(list("10X98765432"))[(codes[:, :17] * WEIGHTS).sum(axis=1) % 11]
    return pd.Series(wanted == ids.str[17].to_numpy(), index=ids.index)


def clean_ids(column: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Identity numbers, and those of them that can be right."""
    ids = text(column).str.upper()
    short = ids.str.fullmatch(r"\d{15}", na=False)
    if short.any():
        longer = ids[short].str[:6] + "19" + ids[short].str[6:]
        ids[short] = longer + [check_character(one) for one in longer]
    sound = ids.str.fullmatch(r"[A-Z]{1,2}\d{6,10}|\d{8,9}", na=False)
    full = ids.str.fullmatch(r"\d{17}[\dX]", na=False)
    if full.any():
        sound |= has_right_check_digit(ids[full]).reindex(ids.index, fill_value=False)
    return ids, ids.where(sound)


def check_character(digits: str) -> str:
    return "10X98765432"[sum(int(d) * int(w) for d, w in zip(digits, WEIGHTS, strict=True)) % 11]


def clean_people(rows: pd.DataFrame) -> pd.DataFrame:
    """Names, numbers and homes in one form; ``house`` and ``home`` are keys of the building and of the flat,
    ``door`` of the flat where no unit is told."""
    rows = with_columns(rows, PERSON_COLUMNS)
    rows["name"] = text(rows["name"]).str.translate(RADICALS)
    rows["id"], rows["sound_id"] = clean_ids(rows["id"])
    phone = text(rows["phone"]).str.replace(r"\.0$", "", regex=True).str.replace(r"\D", "", regex=True).str[-11:]
    rows["phone"] = phone.where(phone.str.len() == 11)
    return with_homes(rows)


def with_homes(rows: pd.DataFrame) -> pd.DataFrame:
    if rows[["building", "room", "address"]].isna().all(axis=None):
        return rows.assign(house=rows["building"], home=rows["room"], door=rows["room"])
    for column in ("building", "unit", "room"):
        rows[column] = number(rows[column])
    for column in ("community", "compound"):
        rows[column] = text(rows[column])
    if rows["address"].notna().any():
        rows = with_addresses(rows)
    rows["house"] = rows["compound"].fillna(rows["community"]) + "/" + rows["building"]
    rows["home"] = rows["house"] + "/" + rows["unit"].fillna("") + "/" + rows["room"]
    rows["door"] = rows["house"] + "/" + rows["room"]
    return rows


def with_addresses(rows: pd.DataFrame) -> pd.DataFrame:
    rows["address"] = text(rows["address"])
    flat = rows["address"].str.extract(r"^(.*?)(\d+)幢(\d+)单元(\d+)室$")
    farm = rows["address"].str.extract(r"^(.*?)(\d+)组(\d+)号$")
    rows["compound"] = rows["compound"].fillna(flat[0])
    rows["community"] = rows["community"].fillna(farm[0])
    rows["building"] = rows["building"].fillna(flat[1]).fillna(farm[1])
    rows["unit"] = rows["unit"].fillna(flat[2])
    rows["room"] = rows["room"].fillna(flat[3]).fillna(farm[2])
    return rows


def with_columns(rows: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """A copy in which none of these columns is wanting."""
    absent = {name: pd.Series(None, index=rows.index, dtype=object) for name in names if name not in rows}
    return rows.assign(**absent)


def unique_key(people: pd.DataFrame, *columns: str, of: str = "person") -> pd.Series:
    """Key → person, or what else a key is of, for keys that belong to one only."""
    keyed = people.dropna(subset=[*columns, of])
    key = keyed[columns[0]]
    if len(columns) > 1:
        key = key.str.cat([keyed[column] for column in columns[1:]], sep="|")
    pairs = pd.DataFrame({"key": key, of: keyed[of]}).drop_duplicates()
    return pairs.drop_duplicates("key", keep=False).set_index("key")[of]


def number_people(roster: pd.DataFrame) -> pd.DataFrame:
    """The roster with ``person``: rows with one identity number are one person; the fullest row stands first."""
    filled = roster[["phone", "relation", "room"]].notna().sum(axis=1)
    roster = roster.iloc[(-filled).argsort(kind="stable")]
    roster = roster.reset_index(drop=True)
    key = roster["sound_id"].fillna((roster["name"] + "|" + roster["phone"]).where(roster["phone"].notna()))
    key = key.fillna(roster["name"] + "|" + roster["home"])
    # Of whom neither is known, each row is a person.
    key = key.fillna(roster.index.to_series().astype(str))
    roster["person"] = pd.factorize(key)[0]
    return roster


def link(rows: pd.DataFrame, roster: pd.DataFrame) -> pd.Series:
    """The person of each row: by number, by name and phone, by name and home, then by a like name in the house."""
    person = rows["sound_id"].map(unique_key(roster, "sound_id"))
    for column in ("phone", "home", "door"):
        is_open = person.isna() & rows[column].notna()
        if column == "door":
            is_open &= rows["unit"].isna()
        if is_open.any():
            key = rows.loc[is_open, "name"] + "|" + rows.loc[is_open, column]
            person = person.fillna(key.map(unique_key(roster, "name", column)))
    unsure = rows[person.isna() & rows["sound_id"].isna() & rows["house"].notna()]
    houses = roster[roster["house"].isin(unsure["house"])].groupby("house")
    for house, group in unsure.groupby("house"):
        if house not in houses.groups:
            continue
        near = houses.get_group(house)
        likeness = process.cdist(group["name"], near["name"], scorer=fuzz.ratio)
        same_phone = group["phone"].to_numpy()[:, None] == near["phone"].to_numpy()[None, :]
        same_home = group["door"].to_numpy()[:, None] == near["door"].to_numpy()[None, :]
        points = likeness + 30 * same_phone + 20 * same_home
        best = points.argmax(axis=1)
        sure = points[np.arange(len(group)), best] >= 80
        person.loc[group.index[sure]] = near["person"].to_numpy()[best[sure]]
    return person


def read_roster(folder: Path, forms: Forms, engine: str) -> pd.DataFrame:
    rows = read(folder, forms.rosters, engine)
    wanted = rows["name"].notna()
    if "no" in rows:
        wanted &= rows["no"].isna() | rows["no"].str.fullmatch(r"\d+", na=False)
    return number_people(clean_people(rows[wanted]))


def read_samples(folder: Path, forms: Forms, engine: str) -> pd.DataFrame:
    rows = read(folder, forms.samples, engine)
    rows = with_columns(clean_people(rows[rows["tube"].notna() & rows["name"].notna()]), SAMPLE_COLUMNS)
    sampled = rows["sampled"].str.replace(r"[年月/.]", "-", regex=True).str.replace("日", "", regex=False)
    rows["sampled"] = pd.to_datetime(sampled, format="mixed", errors="coerce")
    rows["void"] = rows["state"] == "作废"
    rows["retest_of"] = rows["note"].str.extract(r"^(\w+)混采阳性", expand=False)
    return rows


def read_results(folder: Path, forms: Forms, engine: str) -> pd.DataFrame:
    rows = read(folder, forms.results, engine)
    rows = rows[rows["tested"].notna()].copy()
    if forms.results_name_people:
        rows = clean_people(rows)
    else:
        # The printer of one laboratory drops codes within a tube, never the first.
        again = rows["tested"].eq(rows["tested"].shift()) & rows["file"].eq(rows["file"].shift())
        rows["tube"] = rows["tube"].where(rows["tube"].notna() | ~again, rows["tube"].ffill())
    rows["tested"] = pd.to_datetime(rows["tested"], format="mixed", errors="coerce")
    rows["given"] = text(rows["result"])
    rows["result"] = rows["given"].map(RESULT_OF)
    rows["laboratory"] = rows["file"]
    return rows


def tubes_of_people(results: pd.DataFrame, samples: pd.DataFrame, roster: pd.DataFrame) -> pd.Series:
    """The tube of each report: the one it names, else that of the person it names, on the roster or not."""
    bare = results[results["tube"].isna()]
    strangers = number_people(samples[samples["person"].isna()])
    strangers["person"] += roster["person"].max() + 1
    everybody = pd.concat([roster, strangers])
    swabs = pd.concat([samples[samples["person"].notna()], strangers])
    return results["tube"].fillna(link(bare, everybody).map(unique_key(swabs, "person", of="tube")))


def reports(results: pd.DataFrame, forms: Forms) -> pd.DataFrame:
    """One line per report: a laboratory's word on a tube, or on somebody in it, at one time."""
    about = results["tube"] + "|" + results["name"] if forms.results_name_people else results["tube"]
    results = with_columns(results.assign(about=about), ["name"])
    again = results.duplicated(["about", "laboratory", "tested", "result"])
    return results[results["tube"].isna() | ~again]


def people_status(roster: pd.DataFrame, samples: pd.DataFrame, exempt: pd.DataFrame) -> pd.DataFrame:
    """One line per person of the roster, with ``status``; sampled over exempt over away over missing."""
    people = roster.drop_duplicates("person").copy()
    excused = exempt[exempt["reason"].notna()]
    on_list = excused["file"].str.startswith("免检")
    checks = [
        people["person"].isin(samples.loc[~samples["void"], "person"]),
        people["person"].isin(excused.loc[on_list, "person"]),
        people["person"].isin(excused.loc[~on_list, "person"]),
    ]
    people["status"] = np.select(checks, ["sampled", "exempt", "away"], "missing")
    return people


def count(people: pd.DataFrame) -> tuple[dict[str, int], pd.DataFrame]:
    names = ["sampled", "exempt", "away", "missing"]
    table = people.assign(compound=people["compound"].fillna(""))
    table = pd.crosstab([table["community"], table["compound"], table["building"]], table["status"])
    table = table.reindex(columns=names, fill_value=0)
    table.insert(0, "expected", table.sum(axis=1))
    status = people["status"].value_counts()
    return {"expected": len(people), **{name: int(status.get(name, 0)) for name in names}}, table.reset_index()


def look_at_tubes(
    samples: pd.DataFrame, results: pd.DataFrame, as_of: pd.Timestamp, late_after: pd.Timedelta
) -> dict[str, pd.DataFrame]:
    """Every list that is about tubes."""
    swabs = samples.drop_duplicates(["tube", "person", "name"])
    tubes = swabs.groupby("tube").agg(
        people=("name", "size"), kind=("kind", "first"), boxes=("box", "nunique"), void=("void", "all"),
        first=("sampled", "min"), last=("sampled", "max"), retest_of=("retest_of", "first"),
    )  # fmt: skip
    capacity = tubes["kind"].map(CAPACITY)
    known = results.join(tubes, on="tube", how="inner")
    said = known[~known["void"] & known["result"].isin(["negative", "positive"])]
    positive = pd.Index(said.loc[said["result"] == "positive", "tube"].unique())
    negative = pd.Index(said.loc[said["result"] == "negative", "tube"].unique())
    both = positive.intersection(negative)
    told = known[known["result"].notna()].groupby("about")["result"].agg(["size", "nunique"])
    waiting = tubes[~tubes["void"] & ~tubes.index.isin(said["tube"])].index
    pools = positive.difference(both)
    pools = pools[tubes.loc[pools, "retest_of"].isna()]

    def rows_of(codes: pd.Index) -> pd.DataFrame:
        return samples[samples["tube"].isin(codes)]

    return {
        "pending": rows_of(waiting),
        "unmatched_results": results[
            (results["tube"].notna() | results["name"].notna()) & ~results["tube"].isin(tubes.index)
        ],
        "positive_pools": positive_pools(swabs, pools, said),
        "contradictions": said[said["tube"].isin(both)],
        "over_full": rows_of(tubes[tubes["people"] > capacity].index),
        "two_boxes": rows_of(tubes[tubes["boxes"] > 1].index),
        "void_results": known[known["void"]],
        "late": known[known["tested"] - known["last"] > late_after],
        "repeated": known[known["about"].isin(told[(told["size"] > 1) & (told["nunique"] == 1)].index)],
        "result_before_sample": known[known["tested"] < known["first"]],
        "clock_in_future": rows_of(tubes[tubes["first"] > as_of].index),
        "empty_results": known[known["given"].isna()],
        "unreadable_results": known[known["given"].notna() & known["result"].isna()],
    }


def positive_pools(swabs: pd.DataFrame, pools: pd.Index, said: pd.DataFrame) -> pd.DataFrame:
    """Everybody in a positive tube, with what must happen: the single retest decides."""
    inside = swabs[swabs["tube"].isin(pools)].copy()
    retests = swabs[swabs["retest_of"].notna()].merge(said[["tube", "result"]], on="tube")
    answer = retests.set_index(["retest_of", "person"])["result"]
    answer = answer[~answer.index.duplicated()]
    keys = pd.MultiIndex.from_frame(inside[["tube", "person"]])
    words = {"negative": "release", "positive": "case"}
    inside["action"] = [words.get(one, "resample") for one in answer.reindex(keys)]
    return inside


def look_at_people(roster: pd.DataFrame, samples: pd.DataFrame, exempt: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Every list that is about people: duplicates and conflicts, each with all its rows."""
    swabs = samples[samples["retest_of"].isna() & ~samples["void"]]
    per_person = swabs.dropna(subset="person").groupby("person")["tube"].nunique()
    seen = pd.concat([roster, samples])
    names = seen.groupby("sound_id")["name"].nunique()
    homes = roster.groupby("phone")["home"].nunique()
    excused = exempt[exempt["file"].str.startswith("免检") & exempt["reason"].notna()]
    unknown = samples[samples["person"].isna() & ~samples["void"]]
    rows = samples[samples["person"].notna() & samples["id"].notna()]
    right = rows["person"].map(roster[roster["id"].notna()].drop_duplicates("person").set_index("person")["id"])
    differs = rows[(rows["id"] != right) & (rows["id"].str.len() == 18) & (right.str.len() == 18)]
    one_off = [sum(a != b for a, b in zip(x, y, strict=True)) == 1
               for x, y in zip(differs["id"], right[differs.index], strict=True)]  # fmt: skip
    return {
        "roster_duplicates": roster[roster.duplicated("person", keep=False)],
        "sample_duplicates": samples[samples["person"].notna() & samples.duplicated(["person", "tube"], keep=False)],
        "twice_sampled": swabs[swabs["person"].isin(per_person[per_person > 1].index)],
        "identity_names": seen[seen["sound_id"].isin(names[names > 1].index)],
        "phone_shared": roster[roster["phone"].isin(homes[homes > 3].index)],
        "id_digit": differs[one_off],
        "exempt_sampled": excused[excused["person"].isin(swabs["person"])],
        "exempt_without_reason": exempt[exempt["reason"].isna()],
        "unrostered": unknown.drop_duplicates(["name", "id", "phone"]),
    }


def read_exempt(folder: Path, forms: Forms, engine: str) -> pd.DataFrame:
    if not forms.exempt:
        return pd.DataFrame(columns=["person", "reason", *ORIGIN], dtype=object)
    rows = read(folder, forms.exempt, engine)
    return clean_people(rows[rows["name"].notna() & ~rows["name"].str.startswith("注", na=False)])


def solve(folder: Path, forms: Forms, engine: str, as_of: pd.Timestamp, late_after: pd.Timedelta) -> dict[str, object]:
    """Totals, the count per building and every list."""
    roster = read_roster(folder, forms, engine)
    samples = read_samples(folder, forms, engine)
    results = read_results(folder, forms, engine)
    exempt = read_exempt(folder, forms, engine)
    samples["person"] = link(samples, roster)
    if forms.exempt:
        exempt["person"] = link(exempt, roster)
    if forms.results_name_people:
        results["tube"] = tubes_of_people(results, samples, roster)
    results = reports(results, forms)
    people = people_status(roster, samples, exempt)
    totals, buildings = count(people)
    missing = people[people["status"] == "missing"].sort_values(["community", "compound", "building", "unit", "room"])
    lists = {
        "missing": missing,
        **look_at_people(roster, samples, exempt),
        **look_at_tubes(samples, results, as_of, late_after),
    }
    return {"totals": totals, "buildings": buildings, "lists": lists}


SHEETS = {
    "missing": "漏检人员",
    "pending": "已采样无结果",
    "unmatched_results": "有结果无采样",
    "positive_pools": "阳性混管",
    "contradictions": "结果矛盾",
    "roster_duplicates": "名册重复",
    "sample_duplicates": "采样重复",
    "twice_sampled": "多管采样",
    "identity_names": "同证异名",
    "phone_shared": "多户同号",
    "id_digit": "证号差一位",
    "exempt_sampled": "免检又采样",
    "exempt_without_reason": "免检无原因",
    "unrostered": "不在名册",
    "over_full": "超员管",
    "two_boxes": "一管两箱",
    "void_results": "作废管有结果",
    "late": "迟到结果",
    "repeated": "重复结果",
    "result_before_sample": "结果早于采样",
    "clock_in_future": "采样时间在未来",
    "empty_results": "结果空白",
    "unreadable_results": "结果看不懂",
}
PERSON = ["name", "id", "phone", "community", "compound", "building", "unit", "room"]
TUBE = ["tube", "box", "sampled", "result", "given", "tested", "laboratory", "action", "reason"]


def write_workbook(answer: dict, path: Path) -> None:
    with pd.ExcelWriter(path) as book:
        pd.Series(answer["totals"]).to_frame("人数").to_excel(book, sheet_name="合计")
        answer["buildings"].to_excel(book, sheet_name="分楼栋", index=False)
        for name, rows in answer["lists"].items():
            shown = [column for column in [*PERSON, *TUBE, *ORIGIN] if column in rows and rows[column].notna().any()]
            rows[shown].to_excel(book, sheet_name=SHEETS[name], index=False)


def write_json(answer: dict, path: Path) -> None:
    """The lists in the form that the scoring reads; a conflict is one row each, which it takes as well."""

    def entries(rows: pd.DataFrame, **more: str) -> list[dict]:
        tubes = rows["tube"] if "tube" in rows else pd.Series(None, index=rows.index, dtype=object)
        return [
            {"tube_code": tube if isinstance(tube, str) else None, **more,
             "sources": [{"file": file, "sheet": sheet, "row": int(row)}]}
            for tube, file, sheet, row in zip(tubes, rows["file"], rows["sheet"], rows["row"], strict=True)
        ]  # fmt: skip

    lists = dict(answer["lists"])
    pools = lists.pop("positive_pools")
    said = {
        "schema": "lianfang.reconcile/1",
        "totals": answer["totals"],
        "buildings": answer["buildings"].to_dict("records"),
        "positive_pools": [
            {"tube_code": tube, "people": [dict(entry, action=action) for entry, action in
                                           zip(entries(members), members["action"], strict=True)]}
            for tube, members in pools.groupby("tube")
        ],
        "duplicates": [entry for kind in ("roster", "sample")
                       for entry in entries(lists.pop(f"{kind}_duplicates"), kind=kind)],
        "conflicts": [entry for kind in ("identity_names", "phone_shared", "id_digit")
                      for entry in entries(lists.pop(kind), kind=kind)],
        **{name: entries(rows) for name, rows in lists.items()},
    }  # fmt: skip
    path.write_text(json.dumps(said, ensure_ascii=False), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--files", default="demo", choices=tuple(FORMS))
    parser.add_argument("--engine", default="openpyxl", choices=("openpyxl", "calamine"))
    parser.add_argument("--as-of", default="2022-08-30T03:10")
    parser.add_argument("--late-after", type=float, default=7, help="hours")
    options = parser.parse_args()
    started = time.perf_counter()
    as_of, late_after = pd.Timestamp(options.as_of), pd.Timedelta(hours=options.late_after)
    answer = solve(options.folder, FORMS[options.files], options.engine, as_of, late_after)
    solved = time.perf_counter()
    write_workbook(answer, options.output)
    written = time.perf_counter()
    if options.json:
        write_json(answer, options.json)
    spent = {"solve": solved - started, "workbook": written - solved, "json": time.perf_counter() - written}
    print(json.dumps({"totals": answer["totals"], "seconds": spent}))


if __name__ == "__main__":
    main()

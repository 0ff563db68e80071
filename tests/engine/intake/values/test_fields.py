"""What each field makes of the cells that real files hold."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest

from lianfang.engine import tables
from lianfang.engine.intake.values import COMPANIONS, NORMALISERS, TYPES, fold_text, parse_address, parse_code_table
from lianfang.engine.intake.values.contract import Cell, Reading, ValueContext

PROJECT = Path(__file__).resolve().parents[4]
SHARED = PROJECT.parent / "shared"
AS_OF = datetime(2022, 9, 1, 7, 0)


def read(field: str, cell: Cell, **context: object) -> Reading:
    return NORMALISERS[field](cell, ValueContext(as_of=AS_OF, **context))  # type: ignore[arg-type]


def codes(reading: Reading) -> set[str]:
    return {note.code for note in reading.notes}


def errors(reading: Reading) -> set[str]:
    return {note.code for note in reading.notes if note.severity == "error"}


def shared_json(name: str) -> list[dict[str, object]]:
    path = SHARED / "data" / "identity" / name
    if not path.exists():
        pytest.skip(f"the shared test vectors are not here: {name}")
    return list(json.loads(path.read_text("utf-8"))["vectors"])


# --- the contract ------------------------------------------------------------------------------------------


def test_every_canonical_field_has_a_normaliser_and_a_type() -> None:
    path = SHARED / "design" / "fields.md"
    if not path.exists():
        pytest.skip("the shared list of canonical fields is not here")
    rows = [line for line in path.read_text("utf-8").splitlines() if line.startswith("|") and "`" in line]
    fields = {name for line in rows for name in re.findall(r"`([a-z_]+)`", line)}
    assert fields == set(NORMALISERS) == set(TYPES)


@pytest.mark.parametrize(
    "contract", [tables.ROSTER, tables.SAMPLES, tables.RESULTS, tables.EXEMPT], ids=lambda table: table.name
)
def test_types_are_those_of_the_engine_tables(contract: tables.TableContract) -> None:
    given = {**TYPES, **{name: kind for columns in COMPANIONS.values() for name, kind in columns.items()}}
    for column in contract.columns:
        if column.name in given and column not in tables.WHERE_FROM:
            assert given[column.name] == column.type, column.name


def test_every_note_has_a_text_in_every_language() -> None:
    folder = PROJECT / "src" / "lianfang"
    used = set()
    for source in (folder / "engine" / "intake" / "values").glob("*.py"):
        for node in ast.walk(ast.parse(source.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Note":
                assert isinstance(node.args[0], ast.Constant)
                used.add(node.args[0].value)
    for language in ("zh-Hans", "zh-Hant", "en"):
        texts = tomllib.loads((folder / "foundation" / "texts" / language / "values.toml").read_text("utf-8"))["note"]
        assert set(texts) == used, language
        assert all(text.strip() for text in texts.values())


# --- folding -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "folded", "code"),
    [
        ("１３８ＡＢ＠", "138AB@", "full_width"),
        ("县（市、区）：", "县(市、区):", "full_width"),
        ("\u2f08\u2f64", "人用", "radical"),
        ("\u2ecb\u2edb\u2ee2\u2ef0", "车风马龙", "radical"),
        ("用\u2f3e", "用户", "radical"),
        ("\u31d0", "一", "radical"),
        ("张\u200b三\ufeff", "张三", "invisible_removed"),
        ("张\u00a0三", "张 三", "unusual_space"),
        ("张\u3000三", "张 三", "unusual_space"),
        ("张\x00三\x1f", "张三", "control_removed"),
        ("一_x000D_二", "一\n二", "control_removed"),
        ("cafe\u0301", "café", "composed"),
        ("\uf967", "不", "compatibility_form"),
        ("𝟏𝟐𝟑", "123", "compatibility_form"),
        ("ｶﾞ", "ガ", "full_width"),
    ],
)
def test_characters_that_only_look_alike_are_folded_with_their_reason(text: str, folded: str, code: str) -> None:
    result, notes = fold_text(text)
    assert result == folded
    assert code in {note.code for note in notes}


@pytest.mark.parametrize("text", ["①②", "100㎡", "½", "m²", "№3", "Ⅱ期", "㈱", "…", "℃", "买买提·艾力", "𠮷"])
def test_what_nfkc_would_damage_stays(text: str) -> None:
    assert fold_text(text) == (text, ())


def test_the_whole_block_of_supplementary_radicals_is_folded() -> None:
    for code in range(0x2E81, 0x2EF4):
        if code != 0x2E9A:
            folded, _ = fold_text(chr(code))
            assert len(folded) == 1 and not 0x2E80 <= ord(folded) <= 0x2FDF


def test_the_punctuation_of_prose_is_kept_in_free_text() -> None:
    assert read("remark", "已搬走，去了上海（儿子家）。") == Reading("已搬走，去了上海（儿子家）。")


# --- names -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "value", "code"),
    [
        ("张三", "张三", None),
        ("李和平", "李和平", None),
        ("张 三", "张三", "spaces_removed"),
        ("张\u3000三丰 ", "张三丰", "spaces_removed"),
        ("Tom  Smith", "Tom Smith", "spaces_removed"),
        ("Xi Xuan", "Xi Xuan", None),
        ("买买提•艾力", "买买提·艾力", "middle_dot"),
        ("买买提.艾力", "买买提·艾力", "middle_dot"),
        ("⻢云", "马云", "radical"),
        ("张三（户主）", "张三", "name_annotation"),
        ("李四租户", "李四", "name_annotation"),
        ("（张三）", "张三", "name_leading_removed"),
        ("1、张三", "张三", "name_leading_removed"),
        ("王五*", "王五", "name_star"),
        ("张三13812345678", "张三", "name_has_phone"),
        ("张三2", "张三2", "name_has_digits"),
        ("张三、李四", "张三、李四", "several_names"),
        ("张三和李四", "张三和李四", "several_names"),
        ("张三之子", "张三之子", "name_is_relation"),
        ("无", None, "placeholder"),
        ("N/A", None, "placeholder"),
        ("空户", None, "placeholder"),
        ("12345", None, "name_not_understood"),
        (12345.0, None, "name_not_understood"),
    ],
)
def test_names(cell: Cell, value: str | None, code: str | None) -> None:
    reading = read("name", cell)
    assert reading.value == value
    assert code in codes(reading) if code else not reading.notes


@pytest.mark.parametrize(
    ("cell", "mask"),
    [
        ("张*", "张*"),
        ("张＊＊", "张**"),
        ("张某", "张*"),
        ("张某某", "张**"),
        ("张x", "张*"),
        ("欧阳**", "欧阳**"),
        ("欧阳*", "欧阳*"),
        ("*三", "*三"),
        ("张*三", "张*三"),
        ("张先生", "张*"),
        ("王?", "王*"),
    ],
)
def test_a_masked_name_is_never_a_whole_name(cell: str, mask: str) -> None:
    reading = read("name", cell)
    assert reading.value is None
    assert reading.companions["name_mask"] == mask
    assert read("chief_name", cell).companions == {}


# --- identity ----------------------------------------------------------------------------------------------


def test_shared_identity_vectors_are_judged_as_their_source_judges_them() -> None:
    for vector in shared_json("id_vectors_jxlwqq.json"):
        reading = read("id_number", str(vector["id"]))
        if vector["valid"] is not None:
            assert reading.companions["id_is_valid"] is vector["valid"], vector
        else:
            assert reading.companions["id_is_valid"] is True, vector


@pytest.mark.parametrize(
    ("cell", "value", "code"),
    [
        ("110101199003078670", "110101199003078670", None),
        ("11010519491231002x", "11010519491231002X", "upper_cased"),
        ("'110101199003078670", "110101199003078670", "quote_removed"),
        ("＇110101199003078670", "110101199003078670", "quote_removed"),
        ("1101 0119-9003 0786 70", "110101199003078670", "separators_removed"),
        ("１１０１０１１９９００３０７８６７０", "110101199003078670", "full_width"),
        ("\ufeff110101199003078670", "110101199003078670", "invisible_removed"),
        ("610104620927690", "610104196209276908", "id_upgraded"),
        (610104620927690.0, "610104196209276908", "id_upgraded"),
        (610104620927690, "610104196209276908", "id_upgraded"),
        ("610104620927690.0", "610104196209276908", "decimal_removed"),
        ("6.10104620927690E+14", "610104196209276908", "scientific_expanded"),
        ("身份证：110101199003078670", "110101199003078670", "words_removed"),
        ("张三110101199003078670", "110101199003078670", "extra_text_removed"),
        ("11010519491231002×", "11010519491231002X", "id_cross_read_as_x"),
    ],
)
def test_valid_resident_numbers(cell: Cell, value: str, code: str | None) -> None:
    reading = read("id_number", cell)
    assert reading.value == value
    assert reading.companions["id_is_valid"] is True
    assert reading.companions["id_type"] == "resident_id"
    assert code in codes(reading) if code else not reading.notes


def test_birth_and_sex_come_from_a_valid_number_only() -> None:
    companions = read("id_number", "11010519491231002X").companions
    assert companions["birth_on_from_id"] == date(1949, 12, 31)
    assert companions["sex_from_id"] == "female"
    wrong = read("id_number", "110105194912310021").companions
    assert wrong == {"id_type": "resident_id", "id_is_valid": False}


def test_a_number_of_a_foreigner_is_one_whether_or_not_its_check_digit_holds() -> None:
    readings = [read("id_number", f"91184019900101123{digit}") for digit in "0123456789X"]
    assert {reading.companions["id_type"] for reading in readings} == {"foreigner_id"}
    assert [reading.companions["id_is_valid"] for reading in readings].count(True) == 1


def test_a_number_of_the_generated_people_reads_as_a_residents_for_there_is_no_province_99() -> None:
    readings = [read("id_number", f"99010119900101123{digit}") for digit in "0123456789X"]
    assert {reading.companions["id_type"] for reading in readings} == {"resident_id"}


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("440308199901101513", "id_check_digit"),
        ("440308199902301512", "id_birth_date"),
        ("610104620932690", "id_birth_date"),
        ("44030819990110", "id_length"),
        ("1101011990030786701", "id_length"),
        ("61O104199003078670", "id_letter_for_digit"),
        ("110101203003078670", "id_birth_in_future"),
        ("110101180003078670", "id_birth_too_early"),
    ],
)
def test_a_wrong_number_is_kept_for_comparison_and_marked(cell: str, code: str) -> None:
    reading = read("id_number", cell)
    assert reading.value == cell
    assert reading.companions["id_is_valid"] is False
    assert code in codes(reading)
    assert not errors(reading)


@pytest.mark.parametrize(
    "cell",
    [
        1.1010119900307867e17,
        110101199003078670,
        "6.10104E+17",
        "1.1010119900307E+17",
        "1.1010119900307867e+17",
        "6.10104E+14",
        "110101199003078670.0",
        "110101199003078000",
    ],
)
def test_lost_digits_are_an_error_and_never_guessed(cell: Cell) -> None:
    assert read("id_number", cell) == Reading(None, read("id_number", cell).notes)
    assert errors(read("id_number", cell)) == {"id_digits_lost"}


@pytest.mark.parametrize(
    ("cell", "label", "mask"),
    [
        ("610104********690X", "", "610104********690X"),
        ("6101**********690x", "", "6101**********690X"),
        ("6101****690X", "", "6101**********690X"),
        ("610104ＸＸＸＸＸＸＸＸ6901", "", "610104********6901"),
        ("****690X", "", "**************690X"),
        ("690X", "身份证后四位", "**************690X"),
        (6901.0, "身份证号（后4位）", "**************6901"),
        ("后四位690X", "", "**************690X"),
    ],
)
def test_a_masked_identity_number_fills_the_mask_and_no_value(cell: Cell, label: str, mask: str) -> None:
    reading = read("id_number", cell, label=label)
    assert reading.value is None
    assert reading.companions["id_mask"] == mask
    assert codes(reading) >= {"masked"} and not errors(reading)


@pytest.mark.parametrize(
    ("cell", "label", "kind", "value"),
    [
        ("H12345678", "", "hk_macao_permit", "H12345678"),
        ("H1234567801", "", "hk_macao_permit", "H12345678"),
        ("E12345678", "", "passport", "E12345678"),
        ("EA1234567", "", "passport", "EA1234567"),
        ("护照H12345678", "", "passport", "H12345678"),
        ("XYZ990101010012", "", "foreigner_id", "XYZ990101010012"),
        ("12345678", "台胞证号", "taiwan_permit", "12345678"),
        ("12345678", "证件号码", None, "12345678"),
        (12345678.0, "身份证/台胞证", None, "12345678"),
        ("AB9876543", "", "other", "AB9876543"),
        ("军字第1234567号", "", "other", "军字第1234567号"),
    ],
)
def test_other_documents(cell: Cell, label: str, kind: str | None, value: str) -> None:
    reading = read("id_number", cell, label=label)
    assert reading.value == value
    assert reading.companions.get("id_type") == kind
    assert reading.companions.get("id_is_valid") is None


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("13812345678", "id_is_phone"),
        ("91350100M000100Y43", "id_of_organisation"),
        ("123", "id_too_short"),
        ("110101199003078670/11010519491231002X", "several_values"),
        ("张三", "not_understood"),
        (datetime(1990, 3, 7), "became_date"),
        (True, "not_understood"),
    ],
)
def test_what_is_no_identity_number_gives_no_value(cell: Cell, code: str) -> None:
    reading = read("id_number", cell)
    assert reading.value is None
    assert errors(reading) == {code}


# --- phones ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "value", "code"),
    [
        ("13812345678", "13812345678", None),
        (13812345678.0, "13812345678", None),
        (13812345678, "13812345678", None),
        ("+86 138 1234 5678", "13812345678", "phone_prefix_removed"),
        ("0086-13812345678", "13812345678", "phone_prefix_removed"),
        ("8613812345678", "13812345678", "phone_prefix_removed"),
        ("013812345678", "13812345678", "phone_prefix_removed"),
        ("138-1234-5678", "13812345678", "separators_removed"),
        ("１３８１２３４５６７８", "13812345678", "full_width"),
        ("13812345678.0", "13812345678", "decimal_removed"),
        ("1.3812345678E+10", "13812345678", "scientific_expanded"),
        ("13812345678（儿子）", "13812345678", "phone_words_removed"),
        ("0591-83345678", "0591-83345678", None),
        ("(0591)83345678", "0591-83345678", "separators_removed"),
        ("+86 0591 83345678", "0591-83345678", "phone_prefix_removed"),
        (59183345678.0, "0591-83345678", "leading_zero_restored"),
        ("0591-83345678转801", "0591-83345678", "phone_extension_removed"),
        ("83345678", "83345678", "phone_no_area_code"),
        ("400-800-1234", "4008001234", "separators_removed"),
        ("852 5123 4567", "+85251234567", "phone_country_code"),
        ("+12125550100", "+12125550100", None),
        ("12537198281", "12537198281", "phone_range"),
        ("1381234567", None, "phone_too_short"),
        ("138123456789", None, "phone_too_long"),
        (123.0, None, "phone_too_short"),
        ("1.38E+10", None, "phone_digits_lost"),
        ("无", None, "placeholder"),
        ("找他儿子", None, "phone_not_understood"),
        (datetime(2022, 1, 1), None, "became_date"),
    ],
)
def test_phones(cell: Cell, value: str | None, code: str | None) -> None:
    reading = read("phone", cell)
    assert reading.value == value
    assert code in codes(reading) if code else not reading.notes


@pytest.mark.parametrize("between", ["/", "、", "；", ",", " ", "\n", "或"])
def test_of_two_phones_the_second_is_the_other(between: str) -> None:
    reading = read("phone", f"13812345678{between}13912345678")
    assert reading.value == "13812345678"
    assert reading.companions == {"phone_other": "13912345678"}
    assert "phone_second" in codes(reading)


@pytest.mark.parametrize(
    ("cell", "mask"),
    [
        ("138****1234", "138****1234"),
        ("138＊＊＊＊1234", "138****1234"),
        ("138xxxx1234", "138****1234"),
        ("138*1234", "138****1234"),
        ("+86 138****1234", "138****1234"),
        ("****1234", "*******1234"),
        ("尾号1234", "*******1234"),
    ],
)
def test_a_masked_phone_fills_the_mask_and_no_value(cell: str, mask: str) -> None:
    reading = read("phone", cell)
    assert (reading.value, reading.companions) == (None, {"phone_mask": mask})
    assert read("chief_phone", cell).companions == {}


# --- plates ------------------------------------------------------------------------------------------------


def test_shared_plate_vectors_are_judged_as_their_sources_judge_them() -> None:
    for vector in shared_json("plate_vectors.json"):
        reading = read("plate", str(vector["plate"]))
        assert (reading.value is not None) is vector["valid"], vector


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("京a·12345", "京A12345"),
        ("粤 B D12345", "粤BD12345"),
        ("京A1234警", "京A1234警"),
        ("粤Z1234港", "粤Z1234港"),
        ("使014578", "使014578"),
        ("沪A12345D", "沪A12345D"),
        ("京AO1234", "京A01234"),
        ("京A12345/京B12345", None),
        ("电动车", None),
    ],
)
def test_plates(cell: str, value: str | None) -> None:
    reading = read("plate", cell)
    assert reading.value == value
    assert value == cell or reading.notes


# --- places ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "cell", "value"),
    [
        *[
            ("building", cell, "10")
            for cell in ("10号楼", "10幢", "十栋", "10#", "No.10", "１０号楼", "第10栋", 10.0, "010")
        ],
        ("building", "廿一栋", "21"),
        ("building", "A座", "A"),
        ("building", "东1栋", "东1"),
        ("building", "3-1", "3-1"),
        ("building", "3-1栋", "3-1"),
        ("building", "幼儿园", "幼儿园"),
        *[("unit", cell, "2") for cell in ("二单元", "2单元", "2门", "2梯", "2楼道", "02", 2.0)],
        ("unit", "甲单元", "甲"),
        *[("floor", cell, "-1") for cell in ("负一层", "B1", "地下1层", "-1", -1.0)],
        *[("floor", cell, "3") for cell in ("三楼", "3层", "3F", 3.0)],
        *[
            ("room", cell, "301")
            for cell in ("301", "0301", "301室", "301.0", 301.0, "301房", "三〇一", "三百零一", "３０１")
        ],
        ("room", "301A", "301A"),
        ("room", "301-a", "301A"),
        ("room", "东户", "东户"),
        ("room", "301、302", "301、302"),
        ("room", "301-302", "301-302"),
        ("room", "无", None),
        ("room", 301.5, None),
    ],
)
def test_place_parts_lose_their_word_and_nothing_else(field: str, cell: Cell, value: str | None) -> None:
    reading = read(field, cell)
    assert reading.value == value
    assert reading.companions == {}
    if isinstance(cell, str) and cell != value:
        assert reading.notes


def test_a_room_number_stored_as_float_keeps_no_decimal() -> None:
    assert read("room", 301.0) == Reading("301")


@pytest.mark.parametrize("field", ["building", "unit", "floor", "room", "household_no", "tube_code"])
def test_a_part_that_became_a_date_is_never_guessed_back(field: str) -> None:
    for cell in (datetime(2022, 3, 12), date(2022, 3, 12), time(3, 1), timedelta(hours=3)):
        assert errors(read(field, cell)) == {"became_date"}
        assert read(field, cell).value is None


@pytest.mark.parametrize(
    ("field", "cell", "value", "companions"),
    [
        ("room", "1-2-301", "301", {"building": "1", "unit": "2"}),
        ("room", "10栋2单元301室", "301", {"building": "10", "unit": "2"}),
        ("room", "三楼302", "302", {"floor": "3"}),
        ("building", "10号楼2单元", "10", {"unit": "2"}),
        ("unit", "10栋2单元", "2", {"building": "10"}),
        ("unit", "10-2", "2", {"building": "10"}),
    ],
)
def test_a_cell_with_several_parts_is_taken_apart(
    field: str, cell: str, value: str, companions: Mapping[str, str]
) -> None:
    reading = read(field, cell)
    assert (reading.value, reading.companions) == (value, companions)
    assert "place_split" in codes(reading)


def test_what_stands_before_the_room_depends_on_the_other_columns() -> None:
    unclear = read("room", "3-301")
    assert (unclear.value, codes(unclear)) == ("3-301", {"room_prefix_unclear"})
    assert read("room", "3-301", siblings=frozenset({"name"})).companions == {"building": "3"}
    assert read("room", "3-301", siblings=frozenset({"building"})).companions == {"unit": "3"}
    both = read("room", "3-301", siblings=frozenset({"building", "unit"}))
    assert (both.value, both.companions) == ("301", {})
    assert read("building", "3-1", siblings=frozenset({"room"})).companions == {"unit": "1"}
    assert read("building", "3-1", siblings=frozenset({"unit"})).value == "3-1"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("幸福小区10号楼2单元301室", {"compound": "幸福小区", "building": "10", "unit": "2", "room": "301"}),
        (
            "福建省福州市仓山区金山街道金桥社区幸福小区10号楼二单元三层0301",
            {"compound": "幸福小区", "building": "10", "unit": "2", "floor": "3", "room": "301"},
        ),
        ("10#2-301", {"building": "10", "unit": "2", "room": "301"}),
        ("3－2－301", {"building": "3", "unit": "2", "room": "301"}),
        ("幸福小区3-301", {"compound": "幸福小区", "building": "3", "room": "301"}),
        ("中山路123弄45号601室", {"compound": "中山路123弄", "building": "45", "room": "601"}),
        ("中山路12号阳光城3栋2单元301", {"compound": "阳光城", "building": "3", "unit": "2", "room": "301"}),
        ("幸福家园三号院5号楼东户", {"compound": "幸福家园三号院", "building": "5", "room": "东户"}),
        ("望京西园四区410楼2单元901", {"compound": "望京西园四区", "building": "410", "unit": "2", "room": "901"}),
        ("永安小区2单元301室", {"compound": "永安小区", "unit": "2", "room": "301"}),
        ("幸福路12号", {}),
        ("红旗村3组12号", {"building": "3组", "room": "12"}),
        ("康岸村一组1号", {"building": "1组", "room": "1"}),
        ("10楼1001", {"floor": "10", "room": "1001"}),
        ("幸福小区10楼301", {"compound": "幸福小区", "building": "10", "room": "301"}),
        ("3号院5号楼2单元301", {"building": "5", "unit": "2", "room": "301"}),
        ("绣江花园1幢1单元101室", {"compound": "绣江花园", "building": "1", "unit": "1", "room": "101"}),
        ("", {}),
    ],
)
def test_addresses_give_the_parts_they_surely_name(text: str, parts: Mapping[str, str]) -> None:
    assert parse_address(text).found() == parts
    if text:
        reading = read("address", text)
        assert (reading.value, reading.companions) == (fold_text(text)[0], parts)
        assert set(parts) <= set(COMPANIONS["address"])


# --- days and instants -------------------------------------------------------------------------------------

DAY_OF_ROUND = datetime(2022, 8, 30)


@pytest.mark.parametrize(
    "cell",
    [
        "2022-08-30",
        "2022/8/30",
        "2022.8.30",
        "２０２２．８．３０",
        "20220830",
        20220830.0,
        "8月30日",
        "2022年8月30日",
        "二〇二二年八月三十日",
        "22年8月30日",
        "30/08/2022",
        "08/30/2022",
        "22/08/30",
        "22.8.30",
        "8/30",
        "30-Aug-2022",
        "Aug 30, 2022",
        44803.0,
        "44803",
        "2022-08-30 00:00:00",
        "2022-08-30（星期二）",
        datetime(2022, 8, 30),
        date(2022, 8, 30),
    ],
)
def test_a_day_in_any_usual_form_is_that_day_without_a_time(cell: Cell) -> None:
    reading = read("sampled_at", cell)
    assert reading.value == DAY_OF_ROUND
    assert reading.companions == {"sampled_at_has_time": False}


@pytest.mark.parametrize(
    "cell",
    [
        "2022-08-30 04:12:00",
        "2022/8/30 4:12",
        "2022年8月30日4时12分",
        "2022年8月30日凌晨4点12分",
        "8月30日 04：12",
        "2022-08-30T04:12:00",
        "2022-08-30T04:12:00+08:00",
        "2022-08-29T20:12:00Z",
        "2022-08-30 4:12 AM",
        "202208300412",
        "20220830041200",
        44803.175,
        datetime(2022, 8, 30, 4, 11, 59, 999999),
    ],
)
def test_an_instant_in_any_usual_form_is_local_time_to_the_second(cell: Cell) -> None:
    reading = read("sampled_at", cell)
    assert reading.value == datetime(2022, 8, 30, 4, 12)
    assert reading.companions == {"sampled_at_has_time": True}


@pytest.mark.parametrize(
    ("cell", "hour"), [("2022-08-30 下午4:12", 16), ("2022-08-30 12:12 AM", 0), ("8月30日晚上8点12分", 20)]
)
def test_halves_of_the_day_are_read(cell: str, hour: int) -> None:
    assert read("sampled_at", cell).value == datetime(2022, 8, 30, hour, 12)


def test_24_oclock_is_midnight_on_purpose() -> None:
    reading = read("sampled_at", "2022-08-30 24:00")
    assert reading.value == datetime(2022, 8, 31)
    assert reading.companions == {"sampled_at_has_time": True}


def test_15_05_20_is_never_the_year_0020() -> None:
    assert read("sampled_at", "15/05/20").value == datetime(2020, 5, 15)
    assert read("birth_on", "15/05/20", date_order="ymd").value == date(2015, 5, 20)
    assert read("birth_on", "15/05/20", date_order="dmy").value == date(2020, 5, 15)
    assert errors(read("birth_on", "15/05/20")) == {"date_ambiguous"}
    assert read("sampled_at", "0020-05-15").value is None
    assert read("birth_on", "90年5月1日").value == date(1990, 5, 1)


def test_day_and_month_are_exchanged_only_where_the_column_proves_it() -> None:
    assert errors(read("sampled_at", "03/04/2022")) == {"date_ambiguous"}
    assert read("sampled_at", "03/04/2022", date_order="dmy").value == datetime(2022, 4, 3)
    assert read("sampled_at", "03/04/2022", date_order="mdy").value == datetime(2022, 3, 4)
    assert read("sampled_at", "04/04/2022").value == datetime(2022, 4, 4)


@pytest.mark.parametrize("cell", ["202208.01", "20228.1", "022.8.1", "2022.0801"])
def test_misplaced_separators_are_read_where_only_one_reading_is_left(cell: str) -> None:
    reading = read("sampled_at", cell)
    assert reading.value == datetime(2022, 8, 1)
    assert codes(reading) == {"date_typo_read"}


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("2022111", "date_ambiguous"),
        (202208.1, "date_number_ambiguous"),
        (8.3, "date_number_ambiguous"),
        ("2022年8月", "date_incomplete"),
        (2022.0, "date_incomplete"),
        ("2022-02-30", "date_impossible"),
        ("04:12", "time_without_date"),
        (time(4, 12), "time_without_date"),
        (timedelta(hours=4), "time_without_date"),
        (0.175, "time_without_date"),
        (datetime(1899, 12, 31, 4, 12), "time_without_date"),
        ("昨天", "date_not_understood"),
        (True, "not_understood"),
    ],
)
def test_a_date_that_is_not_sure_gives_no_value(cell: Cell, code: str) -> None:
    reading = read("sampled_at", cell)
    assert reading.value is None
    assert errors(reading) == {code}


def test_the_year_of_a_day_without_one_is_the_last_that_has_been() -> None:
    assert read("sampled_at", "12月30日").value == datetime(2021, 12, 30)
    assert read("control_until_on", "9月3日").value == date(2022, 9, 3)
    assert errors(read("birth_on", "8月30日")) == {"date_incomplete"}


def test_facts_in_the_future_are_kept_with_a_warning_and_plans_without() -> None:
    assert read("sampled_at", "2022-09-01 07:10:00").notes == ()
    late = read("sampled_at", "2022-09-01 07:10:01")
    assert late.value == datetime(2022, 9, 1, 7, 10, 1)
    assert codes(late) == {"in_the_future"}
    assert read("control_until_on", "2022-09-08").notes == ()
    assert errors(read("birth_on", "2022-09-02")) == {"birth_in_future"}
    assert errors(read("birth_on", "1880-01-01")) == {"birth_too_early"}
    assert codes(read("sampled_at", "2012-08-30")) == {"implausibly_old"}


# --- results -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        *[
            (cell, "negative")
            for cell in ("阴", "阴性", "(-)", "（－）", "阴性(-)", "未检出", "negative", "NEG", "Not detected")
        ],
        *[(cell, "negative") for cell in ("新型冠状病毒核酸检测：阴性", "ORF1ab阴性，N阴性", "阴性。", "陰性")],
        *[
            (cell, "positive")
            for cell in ("阳", "阳性", "+", "(+)", "检出", "Positive", "弱阳性", "初筛阳性", "结果：阳性")
        ],
        *[(cell, "indeterminate") for cell in ("可疑", "灰区", "待复检", "indeterminate", "单靶标阳性")],
        *[(cell, "invalid") for cell in ("无效", "作废", "样本不合格", "重采", "标本溢漏", "INVALID")],
        *[
            (cell, None)
            for cell in ("", "-", "—", "未出", "检测中", "待检", "未检", "无", "/", "N", "ND", "正常", "是", "否")
        ],
        *[
            (cell, None)
            for cell in ("未见阳性", "非阴性", "阴转阳", "阴性/阳性", "阴性(复检阳性)", "不是阴性", "疑似阴性")
        ],
        *[(cell, None) for cell in ("0", "1", 0.0, 1.0, False, True, "10", "-1", datetime(2022, 8, 30))],
    ],
)
def test_results_are_read_and_unknown_never_becomes_negative(cell: Cell, value: str | None) -> None:
    for field in ("result", "last_result", "igm", "igg"):
        assert read(field, cell).value == value


def test_the_result_cell_is_kept_as_it_stood() -> None:
    assert read("result", "（－） ").companions == {"result_given": "（－） "}
    assert read("result", 1.0, codes={"1": "阳性"}).companions == {"result_given": "1"}


def test_codes_are_read_by_the_declared_table_only() -> None:
    table = {"0": "阴性", "1": "positive", "2": "天知道"}
    assert [read("result", cell, codes=table).value for cell in ("0", 0.0, "1", 1.0, "阴性")] == [
        "negative",
        "negative",
        "positive",
        "positive",
        "negative",
    ]
    assert errors(read("result", 9.0, codes=table)) == {"code_not_in_table"}
    assert read("result", "2", codes=table).value is None
    assert errors(read("result", "0")) == {"code_not_declared"}
    inverted = {"0": "阳性", "1": "阴性"}
    assert read("result", 0.0, codes=inverted).value == "positive"


def test_yes_and_no_answer_the_question_of_the_label() -> None:
    assert read("result", "是", label="是否阳性").value == "positive"
    assert read("result", "否", label="是否阳性").value == "negative"
    assert read("result", "是", label="核酸是否为阴性").value == "negative"
    assert read("result", "否", label="核酸是否为阴性").value is None
    for blank in ("", "无", "/", False, 0.0, "×"):
        assert read("result", blank, label="是否阳性").value is None


@pytest.mark.parametrize(
    ("label", "clean", "table"),
    [
        ("人员状态：0 已返（回），1 将返（回）", "人员状态", {"0": "已返（回）", "1": "将返（回）"}),
        ("明细状态 10:创建 20:已提交", "明细状态", {"10": "创建", "20": "已提交"}),
        (
            "是否存在以下情况（单选） 1 新冠肺炎确诊治愈（含无症状） "
            "2 密切接触者或次密切接触者（2个月内） 0 不存在以上情况",
            "是否存在以下情况（单选）",
            {"1": "新冠肺炎确诊治愈（含无症状）", "2": "密切接触者或次密切接触者（2个月内）", "0": "不存在以上情况"},
        ),
        ("检测结果(0阴性 1阳性)", "检测结果", {"0": "阴性", "1": "阳性"}),
        ("检测结果（0：阴性；1：阳性）", "检测结果", {"0": "阴性", "1": "阳性"}),
        ("检测结果：0-阴性，1-阳性", "检测结果", {"0": "阴性", "1": "阳性"}),
        ("检测结果\n0：阴性\n1：阳性", "检测结果", {"0": "阴性", "1": "阳性"}),
        ("使用免费检测核酸状态，0 未使用，1 已使用", "使用免费检测核酸状态", {"0": "未使用", "1": "已使用"}),
        ("codes 0-yes 1-no", "codes", {"0": "yes", "1": "no"}),
        ("性别(1男2女)", "性别", {"1": "男", "2": "女"}),
        ("类型 A:常住 B:流动", "类型", {"A": "常住", "B": "流动"}),
        ("第三次检测结果（1/2/3）", "第三次检测结果", {}),
        ("7天内是否有中高风险地区旅居史", "7天内是否有中高风险地区旅居史", {}),
        ("结核症状2（自行补充）", "结核症状2（自行补充）", {}),
        ("采样时间 08:00-12:00 13:00-17:00", "采样时间 08:00-12:00 13:00-17:00", {}),
        ("14天经过或途经", "14天经过或途经", {}),
    ],
)
def test_code_tables_are_taken_out_of_labels(label: str, clean: str, table: Mapping[str, str]) -> None:
    assert parse_code_table(label) == (clean, table)


# --- words and quantities ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "cell", "value"),
    [
        ("sex", "男", "male"),
        ("sex", "F", "female"),
        ("sex", "女性", "female"),
        ("sex", "1", None),
        ("sex", 2.0, None),
        ("sex", "未知", None),
        ("id_type", "居民身份证", "resident_id"),
        ("id_type", "港澳居民来往内地通行证", "hk_macao_permit"),
        ("health_code", "绿码", "green"),
        ("health_code", "紫", None),
        ("is_head", "是", True),
        ("is_head", "否", False),
        ("is_head", "1", None),
        ("test_kind", "10:1", "pool"),
        ("test_kind", "一户一管", "household"),
        ("test_kind", "单采", "single"),
        ("status_code", "作废", "void"),
        ("status_code", "10", "10"),
        ("tube_capacity", "10人/管", 10),
        ("tube_capacity", "10:1", 10),
        ("tube_capacity", "10混1", 10),
        ("tube_capacity", "20合1", 20),
        ("tube_capacity", "十混一", 10),
        ("tube_capacity", "混采(5:1)", 5),
        ("tube_capacity", "单管", 1),
        ("tube_capacity", "一户一管", 0),
        ("tube_capacity", time(10, 1), 10),
        ("tube_capacity", "混采", None),
        ("tube_capacity", "99", None),
        ("position_in_tube", "第3个", 3),
        ("position_in_tube", "③", 3),
        ("vaccine_doses", "3针", 3),
        ("vaccine_doses", "三针剂", 3),
        ("vaccine_doses", "未接种", 0),
        ("vaccine_doses", "加强针", None),
        ("temperature", "36.5℃", 36.5),
        ("temperature", "37,2", 37.2),
        ("temperature", "36度5", 36.5),
        ("age", "3岁", 3),
        ("age", "8个月", 0),
        ("age", "18个月", 1),
        ("age", "3岁5个月", 3),
        ("age", 35.0, 35),
        ("age", "1990", None),
        ("household_size", "4人", 4),
        ("quantity", "1,234", 1234.0),
        ("quantity", "3箱2袋", None),
        ("tube_code", "ab 123456", "AB123456"),
        ("tube_code", 123456789012.0, "123456789012"),
        ("tube_code", 1.2345678901234567e17, None),
        ("tube_code", "1.23E+11", None),
        ("tube_code", "*ABC123*", "ABC123"),
        ("compound", "幸福 小区", "幸福小区"),
        ("laboratory", "无", None),
    ],
)
def test_words_codes_and_quantities(field: str, cell: Cell, value: object) -> None:
    reading = read(field, cell)
    assert reading.value == value
    assert type(reading.value) is type(value)
    if value is None:
        assert reading.notes


def test_declared_codes_of_any_field_are_replaced_by_their_meaning() -> None:
    assert read("sex", 1.0, codes={"1": "男", "2": "女"}).value == "male"
    assert read("sex", "2", label="性别（GB/T 2261.1）").value == "female"
    assert read("class_kind", 1.0, codes={"0": "常住", "1": "流动"}).value == "流动"
    assert codes(read("symptoms", "0")) == {"code_undeclared_kept"}


def test_an_implausible_temperature_is_kept_with_a_warning() -> None:
    assert read("temperature", "365").value == 365.0
    assert codes(read("temperature", "365")) == {"temperature_implausible"}


@pytest.mark.parametrize(
    "text",
    [
        "20220829 20:36:58",
        "20220829203658",
        "20220829T203658",
        "2022年8月29日20:36:58",
        "2022-8-29-20:36:58",
        "8月29日20时36分58秒",
    ],
)
def test_every_written_form_of_an_instant_is_one_instant(text: str) -> None:
    context = ValueContext(as_of=datetime(2022, 9, 1, 3))
    assert NORMALISERS["sampled_at"](text, context).value == datetime(2022, 8, 29, 20, 36, 58)


@pytest.mark.parametrize(
    ("text", "room"), [("301室（东）", "301东"), ("301(租户)", "301"), ("301东", "301东"), ("三〇一室", "301")]
)
def test_what_stands_behind_a_room_in_brackets_counts_only_where_it_tells_flats_apart(text: str, room: str) -> None:
    assert NORMALISERS["room"](text, ValueContext(as_of=datetime(2022, 9, 1, 3))).value == room

"""What single labels say."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lianfang.engine.intake.fields import FIELDS
from lianfang.engine.intake.headers import known_label
from lianfang.engine.intake.labels import is_known_label, read_label
from lianfang.engine.intake.vocabulary import vocabulary


@pytest.mark.parametrize(
    ("label", "fields"),
    [
        ("身份证号码(必填)", ("id_number",)),
        ("*姓名：", ("name",)),
        ("姓 名", ("name",)),
        ("被采样人证件号码", ("id_number",)),
        ("監護人聯絡電話", ("guardian_phone",)),
        ("学生家长手机号", ("guardian_phone",)),
        ("包保干部联系方式", ("chief_phone",)),
        ("网格员联系电话", ("grid_worker_phone",)),
        ("目的地县市区", ("to_place",)),
        ("来源省份", ("from_place",)),
        ("户籍所在地街道", ("registered_address",)),
        ("现居住地所属社区", ("community",)),
        ("单位地址", ()),
        ("就诊医院统一社会信用代码", ()),
        ("单位负责人联系电话", ()),
        ("代理人身份证号码", ()),
        ("境内联系人家庭住址", ()),
        ("门禁卡号", ()),
        ("密码", ()),
        ("第三轮核酸检测结果", ("result",)),
        ("最近一次核酸检测时间", ("last_tested_at",)),
        ("体温（早）", ("temperature",)),
        ("乡镇（街道）", ("township",)),
        ("采样时间、地点", ("sampled_at", "sampling_site")),
        ("14日内是否有中高风险地区旅居史、接触史", ("travel_history", "contact_history")),
        ("7天内是否接触中高风险地区旅居史人员", ("contact_history",)),
        ("⽤⼾⼿机号", ("phone",)),
        ("Sample Collection Date", ("sampled_at",)),
        ("ORF1ab Ct", ("ct_value_orf",)),
        ("idCardNo", ("id_number",)),
        ("sampleTime", ("sampled_at",)),
        ("Date of last contact", ("exposed_on",)),
        ("D.O.B.", ("birth_on",)),
        ("shenfenzheng", ("id_number",)),
        ("被协查人姓名", ("name",)),
        ("採檢編號", ("tube_code",)),
    ],
)
def test_a_label_is_read_as_owner_noun_and_instruction(label: str, fields: tuple[str, ...]) -> None:
    assert read_label((label,)).fields == fields


def test_a_number_in_a_label_says_whose_it_is() -> None:
    assert [read_label((label,)).ordinal for label in ("姓名2", "第三人姓名", "家庭成员4身份证号", "姓名")] == [
        2, 3, 4, None,
    ]  # fmt: skip


def test_the_round_of_a_test_is_no_number_of_a_person() -> None:
    assert read_label(("第三次检测结果",)).ordinal is None


def test_a_code_table_in_a_label_is_taken_off_and_kept() -> None:
    reading = read_label(("人员状态：0 已返（回），1 将返（回）",))
    assert set(reading.codes) == {"0", "1"}
    assert reading.confidence < 0.6


def test_a_text_that_is_no_label_of_ours_is_never_sure() -> None:
    for text in ("量子纠缠", "春江花月夜", "今日菜单推荐", "foo bar baz"):
        assert read_label((text,)).confidence < 0.6


def test_every_word_of_the_vocabulary_means_what_its_list_says_or_is_said_to_be_ambiguous() -> None:
    known = vocabulary()
    for label, senses in known.labels.items():
        if len(senses) == 1 and senses[0].strength > 0.9 and label not in known.ambiguous:
            expected = (senses[0].field,) if senses[0].field else ()
            assert read_label((label,)).fields == expected, label


@settings(deadline=None, derandomize=True, max_examples=200)
@given(st.text(max_size=40))
def test_any_text_can_be_asked_for_its_meaning(text: str) -> None:
    reading = read_label((text,))
    assert 0 <= reading.confidence <= 1
    assert set(reading.fields) <= set(FIELDS)


@given(st.from_regex(r"[0-9][0-9 :./-]{0,20}", fullmatch=True))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_numbers_alone_are_no_label(text: str) -> None:
    """What ``known_label`` takes for granted without looking."""
    assert not is_known_label(text)
    assert not known_label(text)

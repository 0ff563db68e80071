from __future__ import annotations

import pytest

from lianfang.engine.linkage import Decisions


@pytest.mark.parametrize("word", ["同一人", "是", "same", "YES", " Same "])
def test_words_for_the_same_person_are_understood(word):
    assert Decisions.from_rows([("a-b", word)]).verdicts == {"a-b": "same"}


@pytest.mark.parametrize("word", ["不是同一人", "否", "different", "No"])
def test_words_for_different_people_are_understood(word):
    assert Decisions.from_rows([("a-b", word)]).verdicts == {"a-b": "different"}


def test_an_unknown_word_is_reported_and_not_used():
    decisions = Decisions.from_rows([("a-b", "同一人"), ("c-d", "大概")])
    assert decisions.verdicts == {"a-b": "same"}
    [unread] = decisions.unread
    assert (unread.index, unread.pair_key, unread.word, unread.reason) == (1, "c-d", "大概", "unknown_word")


def test_an_empty_decision_is_no_decision():
    assert Decisions.from_rows([("a-b", ""), ("c-d", None), (None, "是")]) == Decisions()


def test_a_pair_decided_both_ways_is_not_decided():
    decisions = Decisions.from_rows([("a-b", "是"), ("a-b", "否"), ("a-b", "是")])
    assert decisions.verdicts == {}
    assert [row.reason for row in decisions.unread] == ["contradicts", "contradicts"]

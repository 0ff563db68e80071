"""A night in Chinese at a desk, 1440 px wide, from the roster to the daily table; then its township on a phone."""

from __future__ import annotations

import pytest

from tests.journeys import on_a_phone
from tests.journeys.chapters import papers, results, roster, testing
from tests.journeys.conftest import Visit
from tests.journeys.night import Night

CHAPTERS = (
    roster.sign_in,
    roster.import_roster,
    roster.undo_and_apply_again,
    testing.open_a_round,
    testing.pack_kits,
    testing.load_samples,
    testing.scan_two_tubes,
    results.load_results,
    results.see_what_is_wrong,
    results.follow_a_pool,
    results.transfer_the_case,
    papers.read_a_person,
    papers.let_pass_at_the_gate,
    papers.counts,
    papers.print_the_missing,
    papers.export_the_daily_table,
)


def test_the_roster_is_imported_with_every_conflict_decided_by_keyboard(night: Night) -> None:
    night.through(roster.import_roster, CHAPTERS)


def test_an_import_is_undone_to_nobody_and_applied_again_to_the_same(night: Night) -> None:
    night.through(roster.undo_and_apply_again, CHAPTERS)


def test_a_round_is_opened_with_its_exemptions(night: Night) -> None:
    night.through(testing.open_a_round, CHAPTERS)


def test_kits_are_packed_and_their_labels_printed(night: Night) -> None:
    night.through(testing.pack_kits, CHAPTERS)


def test_the_sampling_files_give_the_counts_of_reconcile(night: Night) -> None:
    night.through(testing.load_samples, CHAPTERS)


def test_two_tubes_are_scanned_sealed_handed_over_and_received(night: Night) -> None:
    night.through(testing.scan_two_tubes, CHAPTERS)


def test_the_laboratories_files_are_loaded_and_every_unusable_row_is_kept(night: Night) -> None:
    night.through(results.load_results, CHAPTERS)


def test_orphans_contradictions_and_late_results_are_seen(night: Night) -> None:
    night.through(results.see_what_is_wrong, CHAPTERS)


def test_a_positive_pool_is_followed_to_nine_releases_and_one_case(night: Night) -> None:
    night.through(results.follow_a_pool, CHAPTERS)


def test_a_case_leaves_the_command_page_when_it_is_transferred(night: Night) -> None:
    night.through(results.transfer_the_case, CHAPTERS)


def test_a_status_explains_itself_and_an_emergency_passes(night: Night) -> None:
    night.through(papers.read_a_person, CHAPTERS)


def test_a_guard_lets_an_emergency_through(night: Night) -> None:
    night.through(papers.let_pass_at_the_gate, CHAPTERS)


def test_the_numbers_are_those_of_reconcile_on_the_same_files(night: Night) -> None:
    night.through(papers.counts, CHAPTERS)


def test_the_missing_are_printed_in_walking_order(night: Night) -> None:
    night.through(papers.print_the_missing, CHAPTERS)


def test_the_daily_table_is_exported_as_it_is_shown(night: Night) -> None:
    night.through(papers.export_the_daily_table, CHAPTERS)


def test_nothing_failed_on_the_way(night: Night) -> None:
    night.through(CHAPTERS[-1], CHAPTERS)
    assert night.watch.complaints == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_phone_in_english_reaches_everything_without_scrolling_sideways(
    night: Night, visit: Visit, theme: str
) -> None:
    """In this file, because another one might be given to a process that had to walk the whole night once more."""
    night.through(CHAPTERS[-1], CHAPTERS)
    on_a_phone.walk(night, visit, theme)

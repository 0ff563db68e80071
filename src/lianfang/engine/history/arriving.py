"""The facts that a day's run has to read: those that are known, without swabs that can no longer decide anything.

Eight months of a township are millions of swabs, of which nearly all are negative ones of people tested again since.
Reading them every day would take most of the time. What may be left out is said in ``_SPENT``; that nothing depends on
it is proven by ``differing_days``, which decides days again from everything.
"""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from pathlib import Path

from lianfang.engine.backends import Stages
from lianfang.engine.backends.columnar import attach, files_of, reading
from lianfang.engine.backends.embedded import quoted
from lianfang.engine.status.contract import FACT_CONTRACTS

# When a fact of a table became known; what has no such column is there from the start.
_KNOWN_AT = ("recorded_at", "received_at")
# How long nothing is left out, and how often it is looked again.
FRESH = timedelta(days=14)
_DIGESTED = ("samples", "tubes", "results")
# A tube of which only negatives were ever reported, by tube, none of them corrected, taken back, or a correction.
_CLEAN = """
SELECT t.tube_id, t.capacity FROM tubes t
JOIN (
    SELECT tube_id, bool_and(outcome = 'negative' AND superseded_by IS NULL AND withdrawn_at IS NULL
        AND received_at < TIMESTAMP '{cut}') AS is_clean
    FROM results WHERE tube_id IS NOT NULL GROUP BY tube_id
) r ON r.tube_id = t.tube_id AND r.is_clean
WHERE NOT coalesce(t.is_void, false) AND t.voided_at IS NULL AND t.capacity >= 1
    AND t.tube_id NOT IN (SELECT c.tube_id FROM results r JOIN results c ON c.result_id = r.superseded_by
        WHERE c.tube_id IS NOT NULL)
    -- What is said of a tube whose every swab is void must not depend on who else is left in it.
    AND t.tube_id NOT IN (SELECT tube_id FROM samples WHERE tube_id IS NOT NULL AND (is_void OR voided_at IS NOT NULL))
    -- A report in a file that stays would be one of an unknown tube.
    AND t.tube_id NOT IN (SELECT tube_id FROM fresh_results WHERE tube_id IS NOT NULL)
"""
# People of whom nothing is known that counts swabs: no category, no group, no report by name.
_PLAIN = """
SELECT person_id FROM persons
EXCEPT SELECT person_id FROM exposures EXCEPT SELECT person_id FROM person_facts
EXCEPT SELECT person_id FROM results WHERE person_id IS NOT NULL
"""
# A negative swab of such a person, known to be one, who has a later one: whatever an earlier negative settles, releases
# or makes up for, the later one does too, and the earlier certificate has long run out.
_SPENT = """
SELECT sample_id, tube_id FROM (
    SELECT s.sample_id, s.tube_id, s.sampled_at, c.capacity,
        max(s.sampled_at) OVER (PARTITION BY s.person_id) AS last_at, count(*) OVER (PARTITION BY s.tube_id) AS here
    FROM old_samples s
    JOIN clean c ON c.tube_id = s.tube_id
    JOIN plain p ON p.person_id = s.person_id
    WHERE s.recorded_at < TIMESTAMP '{cut}' AND s.sampled_at < TIMESTAMP '{cut}' AND s.sampled_at IS NOT NULL
        AND coalesce(s.sampled_at_has_time, true) AND NOT coalesce(s.is_void, false) AND s.voided_at IS NULL
) x
WHERE sampled_at < last_at
    -- With room for one, a tube is single by how many are known to be in it.
    AND (capacity > 1 OR here = (SELECT count(*) FROM samples a WHERE a.tube_id = x.tube_id))
"""
_GONE = """
SELECT DISTINCT tube_id FROM samples SEMI JOIN ever_spent USING (sample_id)
EXCEPT SELECT tube_id FROM samples ANTI JOIN ever_spent USING (sample_id)
"""
_LEFT = {
    "samples": "SELECT * FROM ({rows}) f ANTI JOIN spent USING (sample_id)",
    "tubes": "SELECT * FROM ({rows}) f ANTI JOIN gone USING (tube_id)",
    "results": "SELECT f.* FROM ({rows}) f ANTI JOIN gone USING (tube_id)",
}


class KnownFacts:
    """A folder of links to files of facts, to which those are added whose first fact has become known.

    Instants are asked for in their order. A file with a fact younger than ``FRESH`` is read whole.
    """

    def __init__(self, db: Stages, facts: Path, folder: Path, first: datetime) -> None:
        self._db, self._facts, self._folder, self._digest_at = db, facts, folder, first + 2 * FRESH
        self._links: dict[str, dict[Path, Path]] = {name: {} for name in FACT_CONTRACTS}
        self._waiting: list[tuple[datetime, str, Path]] = []
        self._last: dict[Path, datetime] = {}
        folder.mkdir()
        db.stage("ever_spent", "SELECT CAST(0 AS BIGINT) AS sample_id WHERE false")
        for name, contract in FACT_CONTRACTS.items():
            column = next((each.name for each in contract.columns if each.name in _KNOWN_AT), None)
            for path in files_of(facts, name):
                since, until = _known(db, path, column)
                self._waiting.append((since, name, path))
                self._last[path] = until
        self._waiting.sort(key=lambda each: each[0], reverse=True)

    def by(self, at: datetime) -> Path:
        """The folder with everything known by then that can decide anything."""
        while self._waiting and self._waiting[-1][0] <= at:
            _, name, path = self._waiting.pop()
            link = self._folder / path.relative_to(self._facts)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(path.resolve())
            self._links[name][path] = link
        if at >= self._digest_at:
            self._digest(at - FRESH)
            self._digest_at = at + FRESH
        return self._folder

    def forget(self) -> None:
        """Remove the folder; the facts stay."""
        shutil.rmtree(self._folder)

    def _digest(self, cut: datetime) -> None:
        """Replace the files known before ``cut`` by one without what is spent; tubes have no time and go with swabs."""
        old = {name: [path for path in self._links[name] if name == "tubes" or self._last[path] < cut]
               for name in _DIGESTED}  # fmt: skip
        if not old["samples"]:
            return
        # All facts, also those to come: a tube of which anything is still to be heard is not clean.
        for contract in FACT_CONTRACTS.values():
            attach(self._db, self._facts, contract)
        self._db.view("old_samples", reading(sorted(self._links["samples"][path] for path in old["samples"])))
        fresh = [link for path, link in self._links["results"].items() if path not in old["results"]]
        self._db.view("fresh_results", reading(sorted(fresh)) if fresh else "SELECT * FROM results WHERE false")
        self._db.stage("clean", _CLEAN.format(cut=cut))
        self._db.stage("plain", _PLAIN)
        self._db.stage("spent", _SPENT.format(cut=cut))
        self._db.define("INSERT INTO ever_spent SELECT sample_id FROM spent")
        # Of a tube some of whose swabs stay the tube and its reports stay.
        self._db.stage("gone", _GONE)
        for name in _DIGESTED:
            links = [self._links[name].pop(path) for path in old[name]]
            if links:
                target = self._folder / name / f"digest-{cut:%Y-%m-%d}.parquet"
                self._db.write(_LEFT[name].format(rows=reading(links)), target)
                for link in links:
                    link.unlink()
                self._links[name][target] = target
                self._last[target] = cut


def _known(db: Stages, path: Path, column: str | None) -> tuple[datetime, datetime]:
    """When the first and the last fact of a file became known."""
    if column is None:
        return datetime.min, datetime.min
    first, last = db.rows(f"SELECT min({column}), max({column}) FROM read_parquet({quoted(path)})")[0]
    return first or datetime.min, last or datetime.min

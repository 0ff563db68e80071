"""``lianfang demo-data``: a township and its night, written as the files a command post gets at 3 a.m."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Literal

from lianfang.demo import laboratories, rosters, samples
from lianfang.demo.exempt import LISTS, ExemptWriter
from lianfang.demo.names import NameBook
from lianfang.demo.numbers import IdentityMint
from lianfang.demo.people import Settler, Township
from lianfang.demo.places import WHOLE_TOWNSHIP, lay_out_township
from lianfang.demo.plants import Planter
from lianfang.demo.reporting import LATE_AFTER_HOURS, ROUND_SECONDS, Night, Reporter
from lianfang.demo.sheets import Book, Layout
from lianfang.demo.truth import SCHEMA, TruthWriter
from lianfang.demo.tubes import Sampler, Tube
from lianfang.demo.verdicts import COUNTED, Verdict, missing_people

Formats = Literal["mixed", "csv"]
Progress = Callable[[int, int], None]
"""Called with people done and people in all, after each township."""

DEFAULT_AS_OF = datetime(2022, 8, 30, 3, 10)
FEWEST, MOST = 100, 10_000_000
MOST_IN_MIXED = 400_000
"""Above this, mixed formats would pass the row limits of .xls and .xlsx: everything is CSV."""


@dataclass(frozen=True, slots=True)
class DemoFiles:
    """What was written. ``totals`` are expected, exempt, away, sampled, missing; ``planted`` errors by kind.

    A run that is to find the late results must take results as late after ``late_after_hours``.
    """

    folder: Path
    rosters: tuple[Path, ...]
    samples: tuple[Path, ...]
    results: tuple[Path, ...]
    exempt: tuple[Path, ...]
    truth: Path
    people: int
    totals: dict[str, int]
    planted: dict[str, int]
    as_of: datetime
    late_after_hours: int = LATE_AFTER_HOURS


def _nothing(done: int, total: int) -> None:
    """Progress that nobody watches."""


@dataclass(slots=True)
class _Library:
    """All books of a demo, by the list they belong to."""

    folder: Path
    formats: Formats
    created: datetime
    rosters: dict[str, Book] = field(default_factory=dict)
    samples: dict[str, Book] = field(default_factory=dict)
    results: dict[str, Book] = field(default_factory=dict)
    exempt: dict[str, Book] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for key, roster in rosters.DIALECTS.items():
            self.rosters[key] = self._book("rosters", roster.stem, roster.suffix, roster.layout, roster.encoding)
        for key, sample in samples.DIALECTS.items():
            self.samples[key] = self._book("samples", sample.stem, sample.suffix, sample.layout, sample.encoding)
        for key, report in laboratories.DIALECTS.items():
            self.results[key] = self._book("results", report.stem, report.suffix, report.layout, report.encoding)
        for key, listing in LISTS.items():
            self.exempt[key] = self._book("exempt", listing.stem, ".xlsx", listing.layout, "utf-8-sig")

    def _book(self, part: str, stem: str, suffix: str, layout: Layout, encoding: str) -> Book:
        kept = ".csv" if self.formats == "csv" else suffix
        return Book(self.folder / part, stem, kept, layout, self.created, encoding)

    def finish(self) -> None:
        for books in (self.rosters, self.samples, self.results, self.exempt):
            for book in books.values():
                book.finish_file()

    def names(self) -> dict[str, list[str]]:
        parts = {
            "rosters": self.rosters,
            "samples": self.samples,
            "results": self.results,
            "exempt": self.exempt,
        }
        return {part: [path.name for path in self.paths(books)] for part, books in parts.items()}

    @staticmethod
    def paths(books: dict[str, Book]) -> tuple[Path, ...]:
        return tuple(path for book in books.values() for path in book.paths)


def _township_sizes(people: int) -> Iterator[int]:
    townships = max(1, round(people / WHOLE_TOWNSHIP))
    for index in range(townships):
        yield people * (index + 1) // townships - people * index // townships


class _Chronicle:
    """Everything that writes one demo, township after township."""

    def __init__(self, rng: Random, library: _Library, truth: TruthWriter, as_of: datetime) -> None:
        start = as_of - timedelta(seconds=ROUND_SECONDS)
        names = NameBook(rng)
        self._rng = rng
        self._truth = truth
        self._settler = Settler(rng, names, IdentityMint(as_of.date()), as_of.date())
        self._planter = Planter(rng, names, self._settler)
        self._sampler = Sampler(rng)
        self._reporter = Reporter(rng, self._sampler)
        self._roster = rosters.RosterWriter(rng, library.rosters, truth)
        self._samples = samples.SampleWriter(rng, library.samples, truth, start)
        self._reports = laboratories.ReportWriter(rng, library.results, truth, start)
        self._exempt = ExemptWriter(library.exempt, truth)

    def everything(self, people: int, on_progress: Progress) -> dict[str, int]:
        """Write township after township; return the totals."""
        totals = dict.fromkeys(COUNTED, 0)
        done = first_number = 0
        for index, size in enumerate(_township_sizes(people)):
            counts, numbered = self.township(index, size, first_number)
            for name in COUNTED:
                totals[name] += counts[name]
            first_number += numbered
            done += size
            on_progress(done, people)
        return totals

    def township(self, index: int, people: int, first_number: int) -> tuple[dict[str, int], int]:
        """Write one township; return its totals and how many person numbers it used."""
        township = Township(index, lay_out_township(self._rng, index, people), first_number)
        self._settler.settle(township)
        plants = self._planter.plant(township)
        evening = self._sampler.sample(township, plants)
        night = self._reporter.report(township, plants, evening)
        missing = missing_people(township, plants, evening)
        watched = _watched(plants.touched | set(missing), set(plants.unrostered), evening.tubes, night)
        roster = self._roster.write(township, plants, watched.people - set(plants.unrostered))
        sampled = self._samples.write(township, plants, evening, night.retests, watched)
        self._reports.write(night.reports, first_number)
        excused = self._exempt.write(township, plants)
        verdict = Verdict(township, plants, evening, night, missing, roster, sampled, excused)
        return verdict.tell(self._truth), len(township.people) + len(township.visitors)


def _watched(touched: set[int], visitors: set[int], tubes: list[Tube], night: Night) -> samples.Watched:
    codes = {tube.code for tube in tubes if tube.is_over_full or tube.is_void or tube.other_box or tube.wrong_clock}
    return samples.Watched(touched | visitors, codes | {pool.tube.code for pool in night.pools})


def write_demo(
    folder: Path,
    *,
    people: int = WHOLE_TOWNSHIP,
    seed: int = 2022,
    as_of: datetime = DEFAULT_AS_OF,
    formats: Formats = "mixed",
    on_progress: Progress = _nothing,
) -> DemoFiles:
    """Write a demo of ``people`` residents into ``folder``, with the truth beside it.

    The same ``people``, ``seed``, ``as_of`` and ``formats`` write the same bytes. Memory holds one township
    (60,000 people), whatever the size. Above ``MOST_IN_MIXED`` people every file is CSV.

    Raises ``ValueError`` where ``people`` is not between 100 and 10 million, ``FileExistsError`` where
    ``folder`` holds something already: nothing of anybody's is overwritten.
    """
    if not FEWEST <= people <= MOST:
        raise ValueError(f"people must be between {FEWEST} and {MOST}, not {people}")
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty")
    folder.mkdir(parents=True, exist_ok=True)
    used: Formats = "csv" if people > MOST_IN_MIXED else formats
    library = _Library(folder, used, as_of)
    truth = TruthWriter(folder / ("truth.jsonl.gz" if people > MOST_IN_MIXED else "truth.jsonl"))
    truth.line(
        {
            "schema": SCHEMA,
            "people": people,
            "seed": seed,
            "as_of": as_of.isoformat(timespec="seconds"),
            "late_after_hours": LATE_AFTER_HOURS,
            "formats": used,
        }
    )
    chronicle = _Chronicle(Random(f"{seed}/{people}"), library, truth, as_of)
    totals = chronicle.everything(people, on_progress)
    library.finish()
    truth.finish({"totals": totals, "counts": dict(truth.counts), "files": library.names()})
    return DemoFiles(
        folder=folder,
        rosters=library.paths(library.rosters),
        samples=library.paths(library.samples),
        results=library.paths(library.results),
        exempt=library.paths(library.exempt),
        truth=truth.path,
        people=people,
        totals=totals,
        planted=dict(truth.counts),
        as_of=as_of,
    )

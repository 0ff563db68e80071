"""DuckDB inside the process: named stages, each a table made by one SQL statement from those before it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import duckdb
import pyarrow as pa

from lianfang.engine.backends.constants import Constant, literal
from lianfang.engine.backends.given import as_select

_WORD = re.compile(r"\w+")


def quoted(path: Path) -> str:
    """A path as SQL writes it."""
    return "'" + str(path).replace("'", "''") + "'"


class Stages:
    """An in-memory database in which every stage is a named table.

    ``memory`` bounds what DuckDB may hold, e.g. ``"1GB"``. With ``joins_as_written`` the right side of a join
    is always the one that is looked up: DuckDB takes Arrow tables for empty, and would look up the larger one.
    Without ``keeps_order`` rows have an order only where a SELECT gives them one, which is quicker. What does not fit
    into ``memory`` is put into the folder ``spill``. Use as a context manager; the tables are gone when it closes.
    """

    def __init__(
        self,
        *,
        threads: int | None = None,
        memory: str | None = None,
        joins_as_written: bool = False,
        keeps_order: bool = True,
        spill: Path | None = None,
    ) -> None:
        config: dict[str, str | bool | int | float | list[str]] = {
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "preserve_insertion_order": str(keeps_order).lower(),
        }
        if joins_as_written:
            config["disabled_optimizers"] = "join_order,build_side_probe_side"
        if threads is not None:
            config["threads"] = threads
        if memory is not None:
            config["memory_limit"] = memory
        if spill is not None:
            config["temp_directory"] = str(spill)
        self._connection = duckdb.connect(":memory:", config=config)

    def __enter__(self) -> Stages:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def load(self, **tables: pa.Table) -> None:
        """Register Arrow tables under their names; they are read where they lie, not copied."""
        for name, table in tables.items():
            self._connection.register(name, table)

    def load_few(self, **tables: pa.Table) -> None:
        """Give tables of a few rows their names."""
        for name, table in tables.items():
            self.view(name, as_select(table))

    def stage(self, name: str, sql: str) -> None:
        """Make the table ``name`` from a SELECT over earlier stages."""
        self._connection.execute(f'CREATE OR REPLACE TEMP TABLE "{name}" AS {sql}')

    def dense_stage(self, name: str, sql: str, bits: int) -> None:
        """``stage`` for groups by whole numbers, most of a range occurring.

        Where so many bits tell the range's numbers apart, a group has its place and need not be looked up.
        """
        self._connection.execute(f"SET perfect_ht_threshold = {bits}")
        self.stage(name, sql)
        self._connection.execute("RESET perfect_ht_threshold")

    def stages(self, steps: Mapping[str, str], *, keep: Collection[str]) -> None:
        """Make several stages in the order given; each but those to ``keep`` is dropped after its last use."""
        words = {name: set(_WORD.findall(sql)) for name, sql in steps.items()}
        last_use = {used: name for name in steps for used in words[name] if used in steps}
        for name, sql in steps.items():
            self.stage(name, sql)
            for used in words[name]:
                if last_use.get(used) == name and used not in keep:
                    self._connection.execute(f'DROP TABLE "{used}"')

    def define(self, sql: str) -> None:
        """Define a macro or the like."""
        self._connection.execute(sql)

    def view(self, name: str, sql: str) -> None:
        """Give a SELECT a name; it is computed where the name is used."""
        self._connection.execute(f'CREATE OR REPLACE TEMP VIEW "{name}" AS {sql}')

    def words(self, name: str, words: Sequence[str]) -> None:
        """Define a type of text that is one of these words and kept as its number; at least one word."""
        listed = ", ".join("'" + word.replace("'", "''") + "'" for word in words or [""])
        self.define(f"CREATE TYPE {name} AS ENUM ({listed})")

    def rename(self, name: str, other: str) -> None:
        """Give a stage that is a table another name."""
        self._connection.execute(f'ALTER TABLE "{name}" RENAME TO "{other}"')

    def drop(self, name: str) -> None:
        """Let go of a stage that is a table."""
        self._connection.execute(f'DROP TABLE "{name}"')

    def write(self, sql: str, path: Path) -> int:
        """Write the rows of a SELECT as one Parquet file, whose folder exists; returns how many."""
        found = self._connection.execute(f"COPY ({sql}) TO {quoted(path)} (FORMAT parquet, COMPRESSION snappy)")
        row = found.fetchone()
        return 0 if row is None else int(row[0])

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a SELECT and return its few rows."""
        return self._connection.execute(sql).fetchall()

    def constants(self, values: Mapping[str, Constant]) -> None:
        """Give ``name()`` in later statements this value; again for another moment."""
        for name, value in values.items():
            self.define(f"CREATE OR REPLACE MACRO {name}() AS {literal(value)}")

    def table(self, sql: str) -> pa.Table:
        """Run a SELECT and return its rows."""
        return self._connection.execute(sql).to_arrow_table()

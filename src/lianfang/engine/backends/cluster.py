"""Apache Spark, for a city or a province: the same stages, translated, over Parquet that every worker reaches.

A stage that is used more than once is kept as Parquet in a working folder beside the output, so that no worker's death
costs more than its running tasks, and no plan grows with the stages before it. Needs the extra ``lianfang[spark]`` and
Java 17.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from lianfang.engine.backends.constants import Constant
from lianfang.engine.backends.dialects import Translation
from lianfang.engine.backends.spark_words import WIDER
from lianfang.engine.tables import TableContract

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_WORD = re.compile(r"\w+")
_SETTINGS = {
    # Instants are local time of the place, without a zone; what Spark is told of zones must not matter.
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.inferTimestampNTZ.enabled": "true",
    "spark.sql.ansi.enabled": "true",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}


class Cluster:
    """A session on a master (``spark://host:7077``, ``local[2]``). Use as a context manager.

    ``settings`` are further settings of Spark. Raises ``ModuleNotFoundError`` where the extra is not installed.
    """

    def __init__(self, master: str, *, name: str = "lianfang", settings: Mapping[str, str] | None = None) -> None:
        from pyspark.sql import SparkSession

        builder = SparkSession.builder.master(master).appName(name)
        for key, value in {**_SETTINGS, **(settings or {})}.items():
            builder = builder.config(key, value)
        self._spark = builder.getOrCreate()

    def __enter__(self) -> Cluster:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._spark.stop()

    def attach(self, folder: str, contract: TableContract, *, named: str | None = None) -> bool:
        """Make ``folder/table`` a view in the columns of its contract; false, and no rows, where there is none."""
        path = f"{folder}/{contract.name}"
        there = self._exists(path)
        if there:
            frame = self._spark.read.parquet(path)
            columns = [
                f"CAST({f'`{column.name}`' if column.name in frame.columns else 'NULL'} AS {_kind(column.type)}) "
                f"AS `{column.name}`"
                for column in contract.columns
            ]
            frame = frame.selectExpr(*columns)
        else:
            frame = self._spark.createDataFrame([], _schema(contract.schema))
        frame.createOrReplaceTempView(named or contract.name)
        return there

    def load(self, name: str, table: pa.Table) -> None:
        """A small table out of memory under a name."""
        _load(self._spark, name, table)

    def run(
        self,
        steps: Mapping[str, str],
        outputs: Mapping[str, tuple[TableContract, str]],
        *,
        macros: Sequence[str],
        constants: Mapping[str, Constant],
        work: str,
        part: str,
        output: str,
        made_where_used: Collection[str] = (),
    ) -> dict[str, int]:
        """Make the stages, write every output as ``output/name/part/…``; returns rows by output."""
        translated = Translation("spark", macros, constants)
        uses = [set(_WORD.findall(sql)) for sql in (*steps.values(), *(sql for _, sql in outputs.values()))]
        for name, sql in steps.items():
            frame = self._spark.sql(translated(sql))
            if sum(name in words for words in uses) > 1 and name not in made_where_used:
                frame.write.mode("overwrite").parquet(f"{work}/{name}")
                frame = self._spark.read.schema(frame.schema).parquet(f"{work}/{name}")
            frame.createOrReplaceTempView(name)
        return {
            name: self._write(self._spark.sql(translated(sql)), contract, f"{output}/{name}/{part}")
            for name, (contract, sql) in outputs.items()
        }

    def view(self, name: str, path: str) -> None:
        """Give the Parquet files under a path a name."""
        self._spark.read.parquet(path).createOrReplaceTempView(name)

    def counted(self, path: str, column: str) -> dict[str, int]:
        """How many rows under a path have which value."""
        rows = self._spark.read.parquet(path).groupBy(column).count().orderBy(column).collect()
        return {row[0]: row[1] for row in rows}

    def stages(self, work: str) -> ClusterStages:
        """The cluster as ``embedded.Stages`` are spoken to; ``work`` is where stages are kept until the run ends."""
        return ClusterStages(self._spark, work)

    def _write(self, frame: DataFrame, contract: TableContract, path: str) -> int:
        columns = [
            f"CAST({f'`{column.name}`' if column.name in frame.columns else 'NULL'} AS {_kind(column.type)}) "
            f"AS `{column.name}`"
            for column in contract.columns
        ]
        frame.selectExpr(*columns).write.parquet(path)
        # With its columns given, nothing has to be read to find them.
        return int(self._spark.read.schema(_schema(contract.schema)).parquet(path).count())

    def _exists(self, path: str) -> bool:
        context: Any = self._spark.sparkContext
        where = context._jvm.org.apache.hadoop.fs.Path(path)
        return bool(where.getFileSystem(context._jsc.hadoopConfiguration()).exists(where))


class ClusterStages:
    """What is said to ``embedded.Stages``, said to Spark; statements may also say what ``spark_words`` knows."""

    def __init__(self, spark: SparkSession, work: str) -> None:
        self._spark = spark
        self._work = work
        self._macros: tuple[str, ...] = ()

    def load_few(self, **tables: pa.Table) -> None:
        """Give tables of a few rows their names."""
        for name, table in tables.items():
            _load(self._spark, name, table)

    def define(self, sql: str) -> None:
        """Define macros."""
        self._macros += (sql,)

    def view(self, name: str, sql: str) -> None:
        """Give a SELECT a name; it is computed where the name is used."""
        self._frame(sql).createOrReplaceTempView(name)

    def stage(self, name: str, sql: str) -> None:
        """Make the table ``name`` from a SELECT over earlier stages."""
        frame = self._frame(sql)
        frame.write.mode("overwrite").parquet(f"{self._work}/{name}")
        self._spark.read.schema(frame.schema).parquet(f"{self._work}/{name}").createOrReplaceTempView(name)

    def stages(self, steps: Mapping[str, str], *, keep: Collection[str]) -> None:
        """Make several stages in the order given; what is named once and is not to be kept is computed there."""
        # A view that is named twice in one statement is computed twice, and Spark may lose columns of its joins.
        uses = Counter(word for sql in steps.values() for word in _WORD.findall(sql))
        for name, sql in steps.items():
            if name in keep or uses[name] > 1:
                self.stage(name, sql)
            else:
                self.view(name, sql)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a SELECT and return its few rows."""
        return [tuple(row) for row in self._frame(sql).collect()]

    def described(self, sql: str) -> list[dict[str, Any]]:
        """The same, by name of column."""
        return [row.asDict() for row in self._frame(sql).collect()]

    def write(self, sql: str, path: str) -> None:
        """Write the rows of a SELECT as Parquet under a path."""
        self._frame(sql).write.parquet(path)

    def _frame(self, sql: str) -> DataFrame:
        return self._spark.sql(Translation("spark", self._macros, {}, wider=WIDER)(sql))


def work_folder(output: Path | str) -> str:
    """Where the stages of a run are kept until it ends."""
    return f"{output}/_stages"


def _load(spark: SparkSession, name: str, table: pa.Table) -> None:
    rows = [tuple(row.values()) for row in table.to_pylist()]
    spark.createDataFrame(rows, _schema(table.schema)).createOrReplaceTempView(name)


def _schema(schema: pa.Schema) -> str:
    return ", ".join(f"`{column.name}` {_kind(column.type)}" for column in schema)


def _kind(kind: pa.DataType) -> str:
    """Spark's name of a column's type."""
    if pa.types.is_timestamp(kind):
        return "TIMESTAMP_NTZ"
    if pa.types.is_duration(kind):
        return "INTERVAL DAY TO SECOND"
    if pa.types.is_list(kind):
        return f"ARRAY<{_kind(kind.value_type)}>"
    found = _KINDS.get(kind)
    if found is None:
        raise TypeError(f"no column of Spark for {kind}")
    return found


_KINDS = {
    pa.string(): "STRING",
    pa.bool_(): "BOOLEAN",
    pa.date32(): "DATE",
    pa.int8(): "TINYINT",
    pa.int16(): "SMALLINT",
    pa.int32(): "INT",
    pa.int64(): "BIGINT",
    pa.float64(): "DOUBLE",
}

"""The stages' one text, which is DuckDB's SQL, in the words of Spark or SQLite.

The text is read into a syntax tree (sqlglot), macros are put in where they are called, constants become literals or
parameters, and what another database writes differently is written its way. What is not known to mean the same
everywhere is refused: a silent difference between databases is the one fault that nobody would see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

import sqlglot
from sqlglot import exp

from lianfang.engine.backends.constants import Constant, literal
from lianfang.engine.backends.translations import Dialect, UntranslatableError

_DAY_SECONDS = 86_400
_SECONDS = {"SECOND": 1, "MINUTE": 60, "HOUR": 3_600, "DAY": _DAY_SECONDS}
_SAME_EVERYWHERE = (
    exp.And, exp.Or, exp.Xor, exp.Case, exp.If, exp.Coalesce, exp.Min, exp.Max, exp.Count, exp.Sum, exp.RowNumber,
    exp.LogicalOr, exp.LogicalAnd, exp.Greatest, exp.Least, exp.ArrayContains, exp.Trim, exp.TimestampTrunc,
    exp.DateTrunc, exp.Exists, exp.Cast, exp.Abs,
)  # fmt: skip
_CASTS = {"TIMESTAMP", "TIMESTAMPNTZ", "DATE", "BIGINT", "INT", "DOUBLE", "VARCHAR", "TEXT", "BOOLEAN"}


class Translation:
    """Translates stages into one dialect, with the macros and constants that they may call.

    With ``constants`` given as values they are written into the text; where ``binds`` is true they become parameters
    ``:name``, so that the text is the same for every moment. ``wider`` is what stages may say beyond what every
    database says, by kind of node, with how this dialect says it (``spark_words``).
    """

    def __init__(
        self,
        dialect: Dialect,
        macros: Iterable[str],
        constants: Mapping[str, Constant],
        *,
        binds: bool = False,
        wider: Mapping[type[exp.Expression], Callable[[exp.Expression], exp.Expression]] | None = None,
    ) -> None:
        self._dialect = dialect
        self._wider = wider or {}
        self._constants = constants
        self._binds = binds
        self._macros = {name: macro for text in macros for name, macro in _macros(text).items()}

    def __call__(self, sql: str) -> str:
        """The statement in the dialect. Raises ``UntranslatableError`` where it says what not every database says."""
        tree = self._expanded(exp.maybe_parse(sql, dialect="duckdb"))
        _refuse(tree, frozenset(self._wider))
        return _written(_written(tree, self._widely), _SPOKEN[self._dialect]).sql(self._dialect)

    def _widely(self, node: exp.Expression) -> exp.Expression:
        write = self._wider.get(type(node))
        return node if write is None else write(node)

    def _expanded(self, tree: exp.Expression) -> exp.Expression:
        return tree.transform(self._called)

    def _called(self, node: exp.Expression) -> exp.Expression:
        if not isinstance(node, exp.Anonymous):
            return node
        name = node.name.lower()
        if name in self._constants and not node.expressions:
            return exp.Placeholder(this=name) if self._binds else _value(self._constants[name])
        if name not in self._macros:
            return node
        names, body = self._macros[name]
        if len(names) != len(node.expressions):
            raise UntranslatableError(f"{name} takes {len(names)} arguments, not {len(node.expressions)}")
        given = {each: self._expanded(value.copy()) for each, value in zip(names, node.expressions, strict=True)}
        return exp.paren(self._expanded(body.copy()).transform(_filled_with(given)))


def _written(tree: exp.Expression, write: Callable[[exp.Expression], exp.Expression]) -> exp.Expression:
    """Every node written anew, parts before the whole: what stands inside of something rewritten is rewritten too."""
    nodes: list[Any] = list(tree.walk())
    for node in reversed(nodes):
        new = write(node)
        if node is tree:
            tree = new
        elif new is not node:
            node.replace(new)
    return tree


def _filled_with(given: Mapping[str, exp.Expression]) -> Callable[[exp.Expression], exp.Expression]:
    def filled(node: exp.Expression) -> exp.Expression:
        if isinstance(node, exp.Column) and not node.table and node.name in given:
            value = given[node.name].copy()
            return exp.paren(value) if isinstance(value, exp.Binary | exp.Unary) else value
        return node

    return filled


@cache
def _macros(text: str) -> dict[str, tuple[tuple[str, ...], exp.Expression]]:
    found = {}
    for create in sqlglot.parse(text, read="duckdb"):
        if create is not None:
            names = tuple(each.name for each in create.this.expressions)
            found[create.this.this.name.lower()] = (names, create.expression)
    return found


def _value(value: Constant) -> exp.Expression:
    return exp.paren(sqlglot.parse_one(literal(value), read="duckdb"))


def _refuse(tree: exp.Expression, known: frozenset[type[exp.Expression]]) -> None:
    for node in tree.walk():
        if type(node) in known:
            continue
        if isinstance(node, exp.Func) and not isinstance(node, _SAME_EVERYWHERE):
            raise UntranslatableError(f"{node.sql('duckdb')}: not known to mean the same on every database")
        if isinstance(node, exp.Cast) and node.to.this.name not in _CASTS:
            raise UntranslatableError(f"{node.sql('duckdb')}: this type is not known to be the same everywhere")
        if isinstance(node, exp.Div | exp.IntDiv | exp.Mod | exp.Qualify | exp.Lateral | exp.Unnest):
            raise UntranslatableError(f"{node.sql('duckdb')}: differs between databases")
        if isinstance(node, exp.Star) and any(
            node.args.get(each) for each in ("except_", "except", "replace", "rename")
        ):
            raise UntranslatableError(f"{node.sql('duckdb')}: name the columns")
        if isinstance(node, exp.SetOperation) and node.args.get("by_name"):
            raise UntranslatableError("UNION BY NAME: name the columns")
        if isinstance(node, exp.Join) and node.kind in ("SEMI", "ANTI"):
            raise UntranslatableError(f"{node.kind} JOIN: write IN or NOT EXISTS")


def _place(node: exp.Bracket) -> int:
    """The index of a list's element, from 1, as DuckDB counts."""
    index = node.expressions[0]
    if len(node.expressions) != 1 or not index.is_int:
        raise UntranslatableError(f"{node.sql('duckdb')}: only a constant place in a list")
    return int(index.name) + 1 - (node.args.get("offset") or 0)


def _midnight(value: exp.Expression) -> exp.Expression:
    """Seconds since 1970 of the midnight before, also before 1970."""
    whole = exp.paren(value.copy())
    rest = exp.Mod(this=exp.paren(exp.Mod(this=whole, expression=_number(_DAY_SECONDS)) + _number(_DAY_SECONDS)),
                   expression=_number(_DAY_SECONDS))  # fmt: skip
    return exp.paren(exp.Sub(this=whole.copy(), expression=exp.paren(rest)))


def _number(value: int) -> exp.Expression:
    return exp.Literal.number(value)


def _is_day(node: exp.Expression) -> bool:
    unit = node.args.get("unit")
    return unit is not None and unit.name.upper() == "DAY"


def _spark(node: exp.Expression) -> exp.Expression:
    if isinstance(node, exp.Bracket):
        return exp.Anonymous(this="get", expressions=[node.this, _number(_place(node) - 1)])
    if isinstance(node, exp.TimestampTrunc | exp.DateTrunc):
        if not _is_day(node):
            raise UntranslatableError(f"{node.sql('duckdb')}: only whole days")
        return exp.cast(exp.cast(node.this, "DATE"), exp.DataType.Type.TIMESTAMPNTZ)
    return node


def _sqlite(node: exp.Expression) -> exp.Expression:
    """Instants are seconds since 1970, days are the instants of their midnight, spans are seconds, lists are JSON."""
    if isinstance(node, exp.Bracket):
        return exp.Anonymous(this="json_extract", expressions=[node.this, exp.Literal.string(f"$[{_place(node) - 1}]")])
    if isinstance(node, exp.ArrayContains):
        word = node.expression
        if not isinstance(word, exp.Literal):
            raise UntranslatableError(f"{node.sql('duckdb')}: only a constant word in a list")
        found = exp.Anonymous(this="instr", expressions=[node.this, exp.Literal.string(f'"{word.name}"')])
        return exp.paren(exp.GT(this=found, expression=_number(0)))
    if isinstance(node, exp.TimestampTrunc | exp.DateTrunc):
        if not _is_day(node):
            raise UntranslatableError(f"{node.sql('duckdb')}: only whole days")
        return _midnight(node.this)
    if isinstance(node, exp.Interval):
        amount, unit = node.this, node.args["unit"].name.upper().rstrip("S")
        if not isinstance(amount, exp.Literal) or unit not in _SECONDS:
            raise UntranslatableError(f"{node.sql('duckdb')}: only constant seconds, minutes, hours or days")
        return _number(int(amount.name) * _SECONDS[unit])
    if isinstance(node, exp.Greatest | exp.Least):
        return _without_nulls(node)
    if isinstance(node, exp.Cast):
        return _sqlite_cast(node)
    return node


def _without_nulls(node: exp.Greatest | exp.Least) -> exp.Expression:
    """SQLite's scalar max and min are null where one argument is; everywhere else nulls are passed over."""
    if len(node.expressions) != 1:
        raise UntranslatableError(f"{node.sql('duckdb')}: two arguments only")
    left, right = node.this, node.expressions[0]
    pair = [exp.func("coalesce", left.copy(), right.copy()), exp.func("coalesce", right.copy(), left.copy())]
    return exp.Anonymous(this="max" if isinstance(node, exp.Greatest) else "min", expressions=pair)


def _sqlite_cast(node: exp.Cast) -> exp.Expression:
    kind = node.to.this.name
    if isinstance(node.this, exp.Null):
        return exp.Null()
    if kind in ("TIMESTAMP", "TIMESTAMPNTZ"):
        if isinstance(node.this, exp.Literal):
            raise UntranslatableError(f"{node.sql('duckdb')}: a constant instant; give it as a constant of the plan")
        return exp.paren(node.this)
    if kind == "DATE":
        return _midnight(node.this)
    return node


_SPOKEN: Mapping[Dialect, Callable[[exp.Expression], exp.Expression]] = {"spark": _spark, "sqlite": _sqlite}

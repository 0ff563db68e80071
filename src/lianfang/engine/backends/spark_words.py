"""What stages for DuckDB and Spark may say beyond those for SQLite too, and how Spark is told.

Each entry was held against DuckDB's own behaviour; what would mean something else is written another way or refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sqlglot
from sqlglot import exp

from lianfang.engine.backends.translations import UntranslatableError

Writer = Callable[[exp.Expression], exp.Expression]
_CASTS = frozenset(("TIMESTAMP", "TIMESTAMPNTZ", "DATE", "BIGINT", "INT", "SMALLINT", "TINYINT", "DOUBLE", "VARCHAR",
                    "TEXT", "BOOLEAN"))  # fmt: skip
_UNITS = frozenset(("SECOND", "MINUTE"))


def _refused(node: exp.Expression, why: str) -> UntranslatableError:
    return UntranslatableError(f"{node.sql('duckdb')}: {why}")


def _same(node: exp.Expression) -> exp.Expression:
    return node


def _function(name: str, *given: exp.Expression) -> exp.Expression:
    return exp.Anonymous(this=name, expressions=list(given))


def _double(value: exp.Expression) -> exp.Expression:
    return exp.cast(value.copy(), "DOUBLE")


def _anonymous(node: exp.Expression) -> exp.Expression:
    # Whatever only has to be equal where its parts are equal: a struct is, and no two differ by chance.
    if node.name.lower() == "hash":
        return _function("struct", *node.expressions)
    raise _refused(node, "not known to mean the same on Spark")


def _cast(node: exp.Expression) -> exp.Expression:
    if node.args["to"].this.name not in _CASTS:
        raise _refused(node, "this type is not known to be the same")
    return node


def _division(node: exp.Expression) -> exp.Expression:
    """Whole numbers give a fraction in both; a decimal number would be divided as one by Spark."""
    return exp.Div(this=_double(node.this), expression=_double(node.expression))


def _rounded(node: exp.Expression) -> exp.Expression:
    """DuckDB shifts the point, rounds the half away from zero and shifts back; so is Spark told, which else rounds what
    it would print."""
    places = node.args.get("decimals")
    if places is None or not places.is_int:
        raise _refused(node, "only to a constant number of places")
    shift = exp.cast(exp.Literal.number(10 ** int(places.name)), "DOUBLE")
    shifted = exp.Mul(this=exp.paren(_double(node.this)), expression=shift)
    whole = _function("round", shifted, exp.Literal.number(0))
    return exp.paren(exp.Div(this=whole, expression=shift.copy()))


def _between(node: exp.Expression) -> exp.Expression:
    """DuckDB counts how often the unit turned between two instants, Spark how many whole ones fit."""
    unit = node.args["unit"].name.upper()
    if unit not in _UNITS:
        raise _refused(node, "only seconds and minutes")
    ends = [_function("date_trunc", exp.Literal.string(unit), one.copy()) for one in (node.expression, node.this)]
    return _function("timestampdiff", exp.Var(this=unit), *ends)


def _least_by(node: exp.Expression) -> exp.Expression:
    """DuckDB passes rows over that have nothing to give."""
    if isinstance(node.parent, exp.Filter):
        raise _refused(node, "without a FILTER of its own")
    given, by = node.this, node.expression
    there = exp.and_(*(exp.Not(this=exp.Is(this=each.copy(), expression=exp.Null())) for each in (given, by)))
    said = _function("min_by", given, by)
    return exp.Filter(this=said, expression=exp.Where(this=there))


def _list(node: exp.Expression) -> exp.Expression:
    """Nulls stay, and stand last; Spark's own list would leave them out."""
    order = node.this
    asked = order.expressions if isinstance(order, exp.Order) else ()
    if len(asked) != 1 or asked[0].args.get("desc") or asked[0].this != order.this:
        raise _refused(node, "only in the order of what is listed")
    text = "transform(sort_array(collect_list(struct(asked IS NULL AS lacks, asked AS given))), each -> each.given)"
    tree: Any = sqlglot.parse_one(text, read="spark")
    for column in list(tree.find_all(exp.Column)):
        if column.name == "asked":
            column.replace(order.this.copy())
    listed: exp.Expression = tree
    return listed


def _element(node: exp.Expression) -> exp.Expression:
    """One of several constants, by its place from 1; null for null."""
    if not isinstance(node.this, exp.Array) or len(node.expressions) != 1:
        return node
    place = node.expressions[0].copy()
    if isinstance(place, exp.Literal):
        return node
    shift = 1 - (node.args.get("offset") or 0)
    return _function("get", node.this, exp.Sub(this=exp.paren(place), expression=exp.Literal.number(shift)))


def _pattern(node: exp.Expression) -> exp.Expression:
    group = node.args.get("group") or exp.Literal.number(0)
    if any(node.args.get(each) for each in ("position", "occurrence", "parameters")):
        raise _refused(node, "only text, pattern and group")
    return _function("regexp_extract", node.this, node.expression, group)


def _star(node: exp.Expression) -> exp.Expression:
    holder = node.parent.parent if isinstance(node.parent, exp.Column) else node.parent
    if node.args.get("rename") or (node.args.get("replace") and not isinstance(holder, exp.Select)):
        raise _refused(node, "name the columns")
    return node


def _without_replace(node: exp.Expression) -> exp.Expression:
    """``* REPLACE (x AS a)`` is ``* EXCEPT (a), x AS a``: what replaces stands behind the others."""
    said: list[exp.Expression] = []
    for each in node.expressions:
        star = each.this if isinstance(each, exp.Column) else each
        replaced = star.args.get("replace") if isinstance(star, exp.Star) else None
        if not replaced:
            said.append(each)
            continue
        star.set("replace", None)
        star.set("except_", [exp.to_identifier(one.alias) for one in replaced])
        said += [each, *(one.copy() for one in replaced)]
    node.set("expressions", said)
    return node


def _of_list(node: exp.Expression) -> exp.Expression:
    """How many a list has; of a text Spark refuses this."""
    return _function("size", node.this)


def _struct(node: exp.Expression) -> exp.Expression:
    return _function("struct", *node.expressions)


WIDER: Mapping[type[exp.Expression], Writer] = {
    exp.Select: _without_replace,
    exp.Star: _star,
    exp.Join: _same,
    exp.Anonymous: _anonymous,
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.Div: _division,
    exp.Round: _rounded,
    exp.DateDiff: _between,
    exp.ArgMin: _least_by,
    exp.ArrayAgg: _list,
    exp.Bracket: _element,
    exp.Tuple: _struct,
    exp.RegexpExtract: _pattern,
    exp.Length: _of_list,
    exp.Array: _same,
    exp.Explode: _same,
    exp.Unnest: _same,
    exp.FirstValue: _same,
    exp.DenseRank: _same,
    exp.Nullif: _same,
    exp.MD5: _same,
    exp.RegexpLike: _same,
    exp.Chr: _same,
}
"""By the kind of node: beyond what every database says, and how Spark says it."""

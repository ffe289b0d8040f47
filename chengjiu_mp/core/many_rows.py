"""Many rows written by one statement, past the session (see :mod:`chengjiu_mp.core.rows`)."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ARRAY, Column, Executable, Float, Result, String, bindparam, column, func, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.sql.selectable import TableValuedAlias
from sqlalchemy.types import TypeEngine

from chengjiu_mp.core.db import Base, execute, is_postgresql
from chengjiu_mp.core.rows import table_of

# The PostgreSQL driver remembers how a sentence of so many values is to be read, and reads a longer one anew each time.
_FEW = 50


def insert_each(
    table: type[Base], rows: Sequence[Mapping[str, Any]], *, by: str, unique: tuple[str, ...] = ()
) -> dict[Any, int]:
    """Insert many rows at once; return {value in the column ``by``: id} of those that are new.

    :param rows: at least one, all with the same columns; what is left out gets the column's default, the same for all
    :param unique: a row with these columns that is there already is passed over, and is not in the answer
    """
    found = _said(table, rows, (by, "id"), unique)
    return {row[0]: row[1] for row in found}


def insert_rows(table: type[Base], rows: Sequence[Mapping[str, Any]], *, unique: tuple[str, ...] = ()) -> None:
    """Insert rows as :func:`insert_each` does, where nobody needs their ids."""
    # Ids are asked for all the same: it is what lets SQLite take many rows in one statement.
    _said(table, rows, ("id",), unique).close()


def update_each(table: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write other columns of many rows at once.

    :param rows: at least one, all with the same columns: ``id`` says which row is meant, the others what it holds now
    """
    _check_alike(rows)
    names = tuple(rows[0])
    if is_postgresql():
        execute(_updated_by_arrays(table, names), _turned(table, rows))
    else:
        execute(_updated(table, names), [{_parameter(name): row[name] for name in names} for row in rows])


def _said(
    table: type[Base], rows: Sequence[Mapping[str, Any]], back: tuple[str, ...], unique: tuple[str, ...]
) -> Result[Any, Any]:
    _check_alike(rows)
    on_postgresql = is_postgresql()
    if on_postgresql and len(rows) * len(rows[0]) > _FEW:
        return execute(_arrays(table, tuple(rows[0]), back, unique), _turned(table, rows))
    return execute(_lines(table, back, unique, on_postgresql), rows)


def _check_alike(rows: Sequence[Mapping[str, Any]]) -> None:
    # What a later row lacks is missed below; what it has beyond the first would be lost without a word.
    if len(rows) > 1 and any(len(row) != len(rows[0]) for row in rows):
        raise ValueError("rows that are written together have the same columns")


def _turned(table: type[Base], rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    found = {_parameter(name): [row[name] for row in rows] for name in rows[0]}
    for name in rows[0]:
        if isinstance(table_of(table).c[name].type, Float):
            # The driver takes no array of whole numbers and others.
            values = found[_parameter(name)]
            found[_parameter(name)] = [None if value is None else float(value) for value in values]
    return found


def _parameter(name: str) -> str:
    # A column's own name is taken: SQLAlchemy gives it to what an UPDATE sets.
    return f"given_{name}"


@cache
def _lines(table: type[Base], back: tuple[str, ...], unique: tuple[str, ...], on_postgresql: bool) -> Executable:
    statement = (pg_insert if on_postgresql else sqlite_insert)(table_of(table))
    if unique:
        statement = statement.on_conflict_do_nothing(index_elements=list(unique))
    return statement.returning(*(table_of(table).c[name] for name in back))


@cache
def _arrays(table: type[Base], names: tuple[str, ...], back: tuple[str, ...], unique: tuple[str, ...]) -> Executable:
    """Return an INSERT that takes each column as one array: one sentence for any number of rows, which the database
    plans once. Fifty rows as a list of values are a thousand parameters, and were a third of an import's work.
    """
    of, rows = table_of(table), _unnested(table, names)
    statement = pg_insert(of).from_select(list(names), select(*rows.c))
    if unique:
        statement = statement.on_conflict_do_nothing(index_elements=list(unique))
    return statement.returning(*(of.c[name] for name in back))


@cache
def _updated_by_arrays(table: type[Base], names: tuple[str, ...]) -> Executable:
    of, rows = table_of(table), _unnested(table, names)
    return update(of).where(of.c.id == rows.c.id).values({name: rows.c[name] for name in names if name != "id"})


@cache
def _updated(table: type[Base], names: tuple[str, ...]) -> Executable:
    of = table_of(table)
    held: dict[str, Any] = {name: bindparam(_parameter(name)) for name in names if name != "id"}
    return update(of).where(of.c.id == bindparam(_parameter("id"))).values(held)


def _unnested(table: type[Base], names: tuple[str, ...]) -> TableValuedAlias:
    """Return the rows that arrays of these columns are, one array a column."""
    of = table_of(table)
    arrays = [bindparam(_parameter(name), type_=ARRAY(_element(of.c[name]), dimensions=1)) for name in names]
    columns = (column(name, of.c[name].type) for name in names)
    return func.unnest(*arrays).table_valued(*columns).render_derived()


def _element(of: Column[Any]) -> TypeEngine[Any]:
    # Without its length: a cast to a short text cuts what is too long, and the column must refuse it.
    return String() if isinstance(of.type, String) else of.type

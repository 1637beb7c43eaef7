"""The table of sessions, and the statements that read and change it.

Each step of a store is one statement, which is atomic. The JSON of a session has an item for each
field: its name and its value, both as strings. The value of a field is JSON itself, so it is JSON
in a string. Thus databases do not change it: they would round numbers and refuse a null character.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Delete,
    Insert,
    LargeBinary,
    MetaData,
    Select,
    String,
    Table,
    bindparam,
    case,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.dml import ReturningUpdate

#: How many rows one statement deletes. It takes a few milliseconds, so that requests do not wait.
CLEANUP_BATCH = 500

_JSON = JSON().with_variant(JSONB(), 'postgresql')

METADATA = MetaData()
#: Times are in milliseconds since 1970. The name differs from the one of Flask-Session's table.
SESSIONS = Table(
    'quart_sessions',
    METADATA,
    Column('key', String, primary_key=True),
    Column('fields', _JSON, nullable=False),
    Column('created', BigInteger, nullable=False),
    Column('refreshed', BigInteger, nullable=False),
    Column('expires', BigInteger, nullable=False, index=True),
    # The token of the call that deleted the session.
    Column('token', LargeBinary),
)


@dataclass(frozen=True)
class Statements:
    """The statements of one kind of database, with the names of their parameters.

    Attributes:
        insert: Creates a session; the parameters are the columns.
        read: Returns fields, created and refreshed of `key`, if it has not expired at `time`.
        write: Merges `patch` into a session and sets `new_refreshed` and `new_expires`, unless a
            later time is stored. If no field is left, it sets `emptied_expires`. `adds` is whether
            the patch sets a field. Returns whether no field is left.
        delete: Marks a session as deleted by `new_token` until `new_expires`; returns its fields.
        remove: Deletes the row of `key`.
        clean_up: Deletes some of the rows that have expired at `time`.
    """

    insert: Insert
    read: Select[Any]
    write: ReturningUpdate[Any]
    delete: ReturningUpdate[Any]
    remove: Delete
    clean_up: Delete


def make_statements(merged: ColumnElement[dict[str, str]]) -> Statements:
    """Return the statements of one kind of database.

    Args:
        merged: The fields merged with the parameter `patch`, in which null removes a field.
    """
    columns = SESSIONS.c
    empty = bindparam('empty', {}, _JSON)
    time = bindparam('time', type_=BigInteger)
    new_expires = bindparam('new_expires', type_=BigInteger)
    new_refreshed = bindparam('new_refreshed', type_=BigInteger)
    # Later times stay, which another request has set meanwhile.
    refreshed = case((columns.refreshed > new_refreshed, columns.refreshed), else_=new_refreshed)
    expires = case((columns.expires > new_expires, columns.expires), else_=new_expires)
    new_token = bindparam('new_token', type_=LargeBinary)
    has_key = columns.key == bindparam('key_', type_=String)
    exists = has_key & (columns.expires > time)
    expired = (
        select(columns.key)
        .where(columns.expires <= time)
        .limit(CLEANUP_BATCH)
        # Other processes clean up too. SQLite ignores this.
        .with_for_update(skip_locked=True)
    )
    return Statements(
        insert=insert(SESSIONS),
        read=select(columns.fields, columns.created, columns.refreshed).where(
            exists, columns.token.is_(None)
        ),
        write=update(SESSIONS)
        .where(exists, columns.token.is_(None))
        .values(
            fields=merged,
            refreshed=refreshed,
            expires=case(
                # Databases merge a second time only if they need the last case.
                (bindparam('adds', type_=Boolean), expires),
                (merged == empty, bindparam('emptied_expires', type_=BigInteger)),
                else_=expires,
            ),
        )
        .returning(columns.fields == empty),
        delete=update(SESSIONS)
        .where(exists, or_(columns.token.is_(None), columns.token == new_token))
        .values(token=new_token, expires=new_expires)
        .returning(columns.fields),
        remove=delete(SESSIONS).where(has_key),
        clean_up=delete(SESSIONS).where(columns.key.in_(expired)),
    )


#: The parameter of `make_statements`, for SQLite (RFC 7396).
SQLITE_MERGE: ColumnElement[dict[str, str]] = func.json_patch(
    SESSIONS.c.fields, bindparam('patch', type_=_JSON), type_=_JSON
)
#: The parameter of `make_statements`, for PostgreSQL. No field is null itself.
POSTGRESQL_MERGE: ColumnElement[dict[str, str]] = func.jsonb_strip_nulls(
    SESSIONS.c.fields.op('||')(bindparam('patch', type_=_JSON)), type_=_JSON
)

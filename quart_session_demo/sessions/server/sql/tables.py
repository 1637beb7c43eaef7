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
    Connection,
    Delete,
    Index,
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
    inspect,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.dml import ReturningUpdate
from sqlalchemy.sql.functions import FunctionElement

from quart_session_demo.sessions.server.store import ATTRIBUTES, KEY_LENGTH

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
    # The key by which the sessions of a user are found, or null.
    Column('user_key', String),
)
#: The value of `fields` without fields.
EMPTY: ColumnElement[Any] = literal_column("'{}'")
_HAS_USER = SESSIONS.c.user_key.is_not(None)
#: Without the sessions that have no user: most of an app's, and changed most often.
USER_INDEX = Index(
    'ix_quart_sessions_user_key',
    SESSIONS.c.user_key,
    postgresql_where=_HAS_USER,
    sqlite_where=_HAS_USER,
)


def complete_tables(connection: Connection) -> None:
    """Create the table, or the column that a table of an older version does not have."""
    METADATA.create_all(connection)
    existing = {column['name'] for column in inspect(connection).get_columns(SESSIONS.name)}
    # Another program's table stays as it is.
    if set(SESSIONS.c.keys()) - existing == {SESSIONS.c.user_key.name}:
        connection.exec_driver_sql(f'ALTER TABLE {SESSIONS.name} ADD COLUMN user_key VARCHAR')
        USER_INDEX.create(connection)


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
        read_many: Returns key, `ATTRIBUTES` as JSON or null, created, refreshed and whether there
            are no fields, of the rows with `keys`, as `read`.
        read_user: The same of the rows with `user_key_`.
        count: Returns how many rows have fields, have not expired at `time`, and have a key of
            `prefix`.
        remove: Deletes the row of `key`.
        clean_up: Deletes some of the rows that have expired at `time`.
    """

    insert: Insert
    read: Select[Any]
    read_many: Select[Any]
    read_user: Select[Any]
    count: Select[Any]
    write: ReturningUpdate[Any]
    delete: ReturningUpdate[Any]
    remove: Delete
    clean_up: Delete


def make_statements(
    merged: ColumnElement[dict[str, str]], attributes: ColumnElement[Any]
) -> Statements:
    """Return the statements of one kind of database.

    Args:
        merged: The fields merged with the parameter `patch`, in which null removes a field.
        attributes: The `ATTRIBUTES` in the fields.
    """
    columns = SESSIONS.c
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
    is_live = (columns.expires > time) & columns.token.is_(None)
    # Without the content: all sessions of a user together may be large.
    rows = select(
        columns.key, attributes, columns.created, columns.refreshed, columns.fields == EMPTY
    ).where(is_live)
    prefix = bindparam('prefix', type_=String)
    return Statements(
        insert=insert(SESSIONS),
        read=select(columns.fields, columns.created, columns.refreshed).where(has_key, is_live),
        read_many=rows.where(columns.key.in_(bindparam('keys', type_=String, expanding=True))),
        read_user=rows.where(columns.user_key == bindparam('user_key_', type_=String)),
        count=select(func.count()).where(
            is_live,
            columns.fields != EMPTY,
            func.substr(columns.key, 1, func.length(prefix)) == prefix,
            # The prefix of another app may begin with this one.
            func.length(columns.key) == func.length(prefix) + KEY_LENGTH,
        ),
        write=update(SESSIONS)
        .where(has_key, is_live)
        .values(
            fields=merged,
            refreshed=refreshed,
            expires=case(
                # Databases merge a second time only if they need the last case.
                (bindparam('adds', type_=Boolean), expires),
                (merged == EMPTY, bindparam('emptied_expires', type_=BigInteger)),
                else_=expires,
            ),
        )
        .returning(columns.fields == EMPTY),
        delete=update(SESSIONS)
        .where(exists, or_(columns.token.is_(None), columns.token == new_token))
        .values(token=new_token, expires=new_expires)
        .returning(columns.fields),
        remove=delete(SESSIONS).where(has_key),
        clean_up=delete(SESSIONS).where(columns.key.in_(expired)),
    )


def _attributes(each: FunctionElement[Any], collect: str) -> ColumnElement[Any]:
    items = each.table_valued('key', 'value')
    collected = getattr(func, collect)(items.c.key, items.c.value, type_=_JSON)
    names = [name.decode() for name in ATTRIBUTES]
    return select(collected).select_from(items).where(items.c.key.in_(names)).scalar_subquery()


#: The first parameter of `make_statements`, for SQLite (RFC 7396).
SQLITE_MERGE: ColumnElement[dict[str, str]] = func.json_patch(
    SESSIONS.c.fields, bindparam('patch', type_=_JSON), type_=_JSON
)
#: The first parameter of `make_statements`, for PostgreSQL. No field is null itself.
POSTGRESQL_MERGE: ColumnElement[dict[str, str]] = func.jsonb_strip_nulls(
    SESSIONS.c.fields.op('||')(bindparam('patch', type_=_JSON)), type_=_JSON
)
#: The second one, for SQLite and PostgreSQL.
SQLITE_ATTRIBUTES = _attributes(func.json_each(SESSIONS.c.fields), 'json_group_object')
POSTGRESQL_ATTRIBUTES = _attributes(func.jsonb_each(SESSIONS.c.fields), 'jsonb_object_agg')

"""The Flask app of the scenarios `database` and `database-wait`: psycopg 3 with a pool.

It must not load Quart, whose memory would count as Flask's. So it gets its settings from the
environment (`FLASK_*`) and not from `create_app`; see `compare/load/contenders.py`.
"""

import atexit
import os
from typing import Any

from flask import Flask, abort, session
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

from quart_session_demo.compare.apps.lesson.flask_lesson import lesson

GET = 'SELECT id, name, price FROM quart_session_demo_load.items WHERE id = %s'
# The database needs 20 ms longer for this query.
GET_SLOWLY = """
    SELECT id, name, price FROM quart_session_demo_load.items, pg_sleep(0.02) WHERE id = %s
"""

app = Flask('quart_session_demo', static_folder=None)
app.config.from_prefixed_env()
app.register_blueprint(lesson)

# Each process of the server imports this module and has its own pool. Without `autocommit` each
# query would also begin and end a transaction.
size = int(os.environ.get('DATABASE_POOL_SIZE', '32'))
pool = ConnectionPool(
    os.environ['DATABASE_URL'],
    min_size=size,
    max_size=size,
    kwargs={'autocommit': True, 'row_factory': dict_row},
    open=True,
)
atexit.register(pool.close)


@app.get('/items/<int:number>/')
def item(number: int) -> dict[str, Any]:
    """Read the session and return an item."""
    return find_item(GET, number)


@app.get('/slow_items/<int:number>/')
def slow_item(number: int) -> dict[str, Any]:
    """Read the session and return an item that the database needs longer for."""
    return find_item(GET_SLOWLY, number)


def find_item(query: str, number: int) -> dict[str, Any]:
    """Return the user and an item, or 404."""
    with pool.connection() as connection:
        found = connection.execute(query, (number,)).fetchone()
    if found is None:
        abort(404)
    return {'user': session.get('username'), 'item': found}

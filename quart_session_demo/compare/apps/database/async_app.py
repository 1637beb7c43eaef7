"""The Quart app of the scenarios `database` and `database-wait`: psycopg 3 with a pool."""

import os
from typing import Any

from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool
from quart import abort, session

from quart_session_demo import create_app

GET = 'SELECT id, name, price FROM quart_session_demo_load.items WHERE id = %s'
# The database needs 20 ms longer for this query.
GET_SLOWLY = """
    SELECT id, name, price FROM quart_session_demo_load.items, pg_sleep(0.02) WHERE id = %s
"""

app = create_app()

# Each process of the server imports this module and has its own pool. Without `autocommit` each
# query would also begin and end a transaction.
size = int(os.environ.get('DATABASE_POOL_SIZE', '32'))
pool = AsyncConnectionPool(
    os.environ['DATABASE_URL'],
    min_size=size,
    max_size=size,
    kwargs={'autocommit': True, 'row_factory': dict_row},
    open=False,
)


@app.before_serving
async def open_pool() -> None:
    """Open the connections in the event loop that serves the app."""
    await pool.open()


@app.after_serving
async def close_pool() -> None:
    """Close the connections."""
    await pool.close()


@app.get('/items/<int:number>/')
async def item(number: int) -> dict[str, Any]:
    """Read the session and return an item."""
    return await find_item(GET, number)


@app.get('/slow_items/<int:number>/')
async def slow_item(number: int) -> dict[str, Any]:
    """Read the session and return an item that the database needs longer for."""
    return await find_item(GET_SLOWLY, number)


async def find_item(query: str, number: int) -> dict[str, Any]:
    """Return the user and an item, or 404."""
    async with pool.connection() as connection:
        cursor = await connection.execute(query, (number,))
        found = await cursor.fetchone()
    if found is None:
        abort(404)
    return {'user': session.get('username'), 'item': found}

"""`quart compare cost`: measure the processor time of sessions."""

import asyncio
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from quart_session_demo.cli.checks import CommandError, require_extra

if TYPE_CHECKING:
    from quart_session_demo.compare.cost.server import MeasuredStore


@click.command()
@click.option('--rounds', default=20, type=click.IntRange(1), show_default=True)
@click.option('--redis', metavar='URL', help='Also measure sessions on this Redis.')
@click.option('--redis-cluster', metavar='URL', help='Also measure sessions on this Redis Cluster.')
@click.option('--postgresql', metavar='URL', help='Also measure sessions in this database.')
def cost(rounds: int, redis: str | None, redis_cluster: str | None, postgresql: str | None) -> None:
    """Measure the processor time for opening and saving the session.

    In the cookie, in memory and, if the extra `sql` is installed, in a SQLite file.
    """
    from quart_session_demo.compare.cost import stores
    from quart_session_demo.compare.cost.benchmark import format_costs, measure_costs
    from quart_session_demo.sessions import StoreError

    with TemporaryDirectory() as folder:
        measured = [stores.memory_store()]
        if find_spec('aiosqlite') is not None and find_spec('sqlalchemy') is not None:
            measured.append(stores.sqlite_store(Path(folder, 'sessions.db')))
        if postgresql is not None:
            require_extra('sql', 'asyncpg', 'sqlalchemy')
            measured.append(_usable('--postgresql', lambda: stores.postgresql_store(postgresql)))
        if redis is not None:
            require_extra('redis', 'redis')
            measured.append(_usable('--redis', lambda: stores.redis_store(redis)))
        if redis_cluster is not None:
            require_extra('redis', 'redis')
            measured.append(
                _usable('--redis-cluster', lambda: stores.redis_store(redis_cluster, cluster=True))
            )
        try:
            click.echo(format_costs(asyncio.run(measure_costs(rounds, measured))))
        except StoreError as error:
            raise CommandError(f'A store failed while it was measured: {error}') from None


def _usable(option: str, make: 'Callable[[], MeasuredStore]') -> 'MeasuredStore':
    from quart_session_demo.sessions import StoreError

    async def check(measured: 'MeasuredStore') -> None:
        await measured.store.ping()
        await measured.store.close()

    try:
        measured = make()
        asyncio.run(check(measured))
    except (StoreError, ValueError) as error:
        # The message does not show the URL, which may hold a password.
        raise CommandError(f'{option} cannot be used: {error}') from None
    return measured

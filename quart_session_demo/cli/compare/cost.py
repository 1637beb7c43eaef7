"""`quart compare cost`: measure the processor time of sessions."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from quart_session_demo.cli.checks import CommandError, reported_errors, require_extra
from quart_session_demo.cli.command import Command, run_async
from quart_session_demo.terminal import cut, print_json, standard_error, standard_output

if TYPE_CHECKING:
    from quart_session_demo.compare.cost.server import MeasuredStore


@click.command(
    cls=Command,
    example='compare cost --redis redis://127.0.0.1:6379',
    statuses={
        0: 'Everything was measured.',
        2: 'A store cannot be used, or the table could not be printed.',
    },
)
@click.option(
    '--rounds',
    default=20,
    type=click.IntRange(1),
    show_default=True,
    help='How often each implementation is measured. One more round warms up.',
)
@click.option('--redis', metavar='URL', help='Also measure sessions on this Redis.')
@click.option('--redis-cluster', metavar='URL', help='Also measure sessions on this Redis Cluster.')
@click.option('--postgresql', metavar='URL', help='Also measure sessions in this database.')
@click.option('--markdown', is_flag=True, help='Print the table in Markdown on a terminal too.')
@click.option('--json', 'as_json', is_flag=True, help='Print the costs as JSON.')
def cost(
    rounds: int,
    redis: str | None,
    redis_cluster: str | None,
    postgresql: str | None,
    markdown: bool,
    as_json: bool,
) -> None:
    """Measure the processor time for opening and saving the session.

    In the cookie, in memory and, if the extra `sql` is installed, in a SQLite file.
    """
    from quart_session_demo.compare.cost import stores
    from quart_session_demo.compare.cost.benchmark import (
        Measurements,
        cost_table,
        json_content,
        measure_costs,
    )
    from quart_session_demo.sessions import StoreError

    measurements = Measurements(rounds)
    try:
        with TemporaryDirectory() as folder:
            measured = [stores.memory_store()]
            if find_spec('aiosqlite') is not None and find_spec('sqlalchemy') is not None:
                measured.append(stores.sqlite_store(Path(folder, 'sessions.db')))
            if postgresql is not None:
                require_extra('sql', 'asyncpg', 'sqlalchemy')
                make = partial(stores.postgresql_store, postgresql)
                measured.append(_usable('--postgresql', make))
            if redis is not None:
                require_extra('redis', 'redis')
                measured.append(_usable('--redis', partial(stores.redis_store, redis)))
            if redis_cluster is not None:
                require_extra('redis', 'redis')
                make = partial(stores.redis_store, redis_cluster, cluster=True)
                measured.append(_usable('--redis-cluster', make))
            with _progress(rounds) as report:
                run_async(measure_costs(measurements, measured, report))
    except StoreError as error:
        raise CommandError(f'A store failed while it was measured: {error}') from None
    finally:
        costs = measurements.costs()
        with reported_errors():
            if as_json:
                print_json(json_content(measurements))
            elif costs:
                cost_table(costs).print(standard_output(), markdown=markdown)
        if costs and not measurements.complete:
            standard_error().print('Stopped: these are the medians of the rounds so far.')


@contextmanager
def _progress(rounds: int) -> Iterator[Callable[[str, int], None]]:
    """Yield a function that shows a round on standard error: in a terminal, always in one line."""
    terminal = standard_error()
    # In a terminal each line replaces the one before.
    shows_rounds = terminal.columns is not None
    last = ''

    def report(session: str, round_: int) -> None:
        nonlocal last
        text = f'Measuring the session {session}'
        if shows_rounds:
            # In a longer line the terminal would not go back to its beginning.
            text = cut(f'{text}: round {round_} of {rounds}', (terminal.columns or 0) - 1)
            terminal.write(f'\r{text.ljust(len(last))}')
            last = text
        elif not round_:
            terminal.write(f'{text}\n')

    try:
        yield report
    finally:
        if shows_rounds:
            terminal.write(f'\r{" " * len(last)}\r')


def _usable(option: str, make: 'Callable[[], MeasuredStore]') -> 'MeasuredStore':
    from quart_session_demo.sessions import StoreError

    async def check(measured: 'MeasuredStore') -> None:
        try:
            await measured.store.ping()
        finally:
            await measured.store.close()

    try:
        measured = make()
        run_async(check(measured))
    except (StoreError, ValueError) as error:
        # The message does not show the URL, which may hold a password.
        raise CommandError(f'{option} cannot be used: {error}') from None
    return measured

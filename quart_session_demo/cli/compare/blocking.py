"""`quart compare blocking`: find the calls that block the event loop."""

import sys
from pathlib import Path

import click

from quart_session_demo.cli.checks import (
    CommandError,
    reported_errors,
    require_extra,
    require_posix,
)
from quart_session_demo.cli.command import Command
from quart_session_demo.cli.compare.own_apps import check_own_port

#: The smallest and the largest `--limit`, in ms. Less cannot be measured.
MIN_LIMIT, MAX_LIMIT = 10, 10_000


@click.command(
    cls=Command,
    example='compare blocking --async shop_quart:app --steps shop.toml',
    statuses={
        0: 'Nothing blocked the event loop for longer than the limit.',
        1: 'At least one call did.',
        2: 'The steps could not run, or the results could not be written.',
    },
)
@click.option('--async', 'async_app', metavar='MODULE:APP', help='Your own Quart app.')
@click.option(
    '--steps',
    'steps_file',
    type=click.Path(dir_okay=False, path_type=Path),
    help='The steps of its users, in TOML.',
)
@click.option(
    '--limit',
    type=float,
    default=50,
    show_default=True,
    help='For how many milliseconds a call may block the event loop.',
)
@click.option(
    '--json',
    'as_json',
    is_flag=True,
    help='Print the results as JSON, and the report to standard error.',
)
def blocking(
    async_app: str | None,
    steps_file: Path | None,
    limit: float,
    as_json: bool,
) -> None:
    """Run steps on a Quart app and show every line that blocks its event loop.

    Use --async and --steps together. Without them the lesson's app is used.
    """
    require_posix()
    require_extra('compare', 'gunicorn', 'httpx', 'msgspec', 'rich')
    check_own_port(async_app, steps_file)
    # NaN is not in any range.
    if not MIN_LIMIT <= limit <= MAX_LIMIT:
        raise CommandError(f'--limit is {limit:g}: use {MIN_LIMIT} to {MAX_LIMIT:,} milliseconds')
    from quart_session_demo.compare.blocking.run import run_blocking
    from quart_session_demo.compare.blocking.steps import StepError
    from quart_session_demo.compare.harness.servers import ServerError
    from quart_session_demo.compare.harness.steps_file import StepsError

    with reported_errors(StepError, ServerError, StepsError):
        blocked = run_blocking(async_app, steps_file, limit, as_json=as_json)
    if blocked:
        sys.exit(1)

"""`quart compare parity`: compare the responses of two apps."""

import sys
from pathlib import Path

import click

from quart_session_demo.cli.checks import reported_errors, require_extra, require_posix
from quart_session_demo.cli.command import Command
from quart_session_demo.cli.compare.own_apps import check_own_apps


@click.command(
    cls=Command,
    example='compare parity --sync shop_flask:app --async shop_quart:app --steps shop.toml',
    statuses={
        0: 'There are no differences, except declared ones.',
        1: 'There is at least one other difference.',
        2: 'The comparison could not run, or its results could not be written.',
    },
)
@click.option('--sync', 'sync_app', metavar='MODULE:APP', help='Your own Flask app.')
@click.option('--async', 'async_app', metavar='MODULE:APP', help='Its port to Quart.')
@click.option(
    '--steps',
    'steps_file',
    type=click.Path(dir_okay=False, path_type=Path),
    help='The steps of its users, in TOML.',
)
@click.option(
    '--json',
    'as_json',
    is_flag=True,
    help='Print the results as JSON, and the report to standard error.',
)
@click.option('--verbose', is_flag=True, help='Print each step, and what is not compared.')
def parity(
    sync_app: str | None,
    async_app: str | None,
    steps_file: Path | None,
    as_json: bool,
    verbose: bool,
) -> None:
    """Run the same steps on both apps and show every difference.

    Use --sync, --async and --steps together. Without them the lesson's apps are compared.
    """
    require_posix()
    require_extra('compare', 'gunicorn', 'httpx', 'msgspec', 'rich')
    check_own_apps(sync_app, async_app, steps_file)
    from quart_session_demo.compare.harness.servers import ServerError
    from quart_session_demo.compare.harness.steps_file import StepsError
    from quart_session_demo.compare.parity.comparison import ParityError
    from quart_session_demo.compare.parity.run import run_parity

    with reported_errors(ParityError, ServerError, StepsError):
        same = run_parity(sync_app, async_app, steps_file, as_json, verbose)
    if not same:
        sys.exit(1)

"""`quart compare parity`: compare the responses of two apps."""

import sys
from pathlib import Path

import click

from quart_session_demo.cli.checks import (
    reported_errors,
    require_extra,
    require_posix,
    require_writable,
)
from quart_session_demo.cli.compare.own_apps import check_own_apps


@click.command()
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
    'json_file',
    metavar='FILE',
    help='Write the results to a file. With - they go to standard output, and the table to '
    'standard error.',
)
@click.option('--verbose', is_flag=True, help='Also print what is not compared.')
def parity(
    sync_app: str | None,
    async_app: str | None,
    steps_file: Path | None,
    json_file: str | None,
    verbose: bool,
) -> None:
    """Run the same steps on both apps and show every difference.

    Use --sync, --async and --steps together. Without them the lesson's apps are compared.

    Exit status: 0 if there are no differences but the declared ones, 1 if there are others, 2 if
    the comparison could not run.
    """
    require_posix()
    from quart_session_demo.compare.harness.servers import ServerError
    from quart_session_demo.compare.harness.signals import exit_on_signals

    exit_on_signals()
    require_extra('compare', 'gunicorn', 'httpx', 'msgspec', 'rich')
    check_own_apps(sync_app, async_app, steps_file)
    from quart_session_demo.compare.harness.steps_file import StepsError
    from quart_session_demo.compare.parity.comparison import ParityError
    from quart_session_demo.compare.parity.run import STDOUT, run_parity

    if json_file not in (None, STDOUT):
        require_writable(Path(json_file))
    with reported_errors(ParityError, ServerError, StepsError):
        same = run_parity(sync_app, async_app, steps_file, json_file, verbose)
    if not same:
        sys.exit(1)

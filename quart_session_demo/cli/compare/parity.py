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


@click.command()
@click.option(
    '--sync',
    'sync_app',
    default='quart_session_demo.compare.apps.lesson.flask_app:create_flask_app()',
    metavar='MODULE:APP',
    show_default=True,
    help='The Flask app, which runs on gunicorn.',
)
@click.option(
    '--async',
    'async_app',
    default='quart_session_demo:app',
    metavar='MODULE:APP',
    show_default=True,
    help='The Quart app, which runs on Hypercorn.',
)
@click.option(
    '--steps',
    'steps_file',
    type=click.Path(dir_okay=False, path_type=Path),
    help="The steps of the users, in TOML.  [default: the lesson's steps]",
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
    sync_app: str,
    async_app: str,
    steps_file: Path | None,
    json_file: str | None,
    verbose: bool,
) -> None:
    """Run the same steps on both apps and show every difference.

    Exit status: 0 if there are no differences but the declared ones, 1 if there are others, 2 if
    the comparison could not run.
    """
    require_posix()
    from quart_session_demo.compare.harness.servers import ServerError
    from quart_session_demo.compare.harness.signals import exit_on_signals

    exit_on_signals()
    require_extra('compare', 'gunicorn', 'httpx', 'msgspec', 'rich')
    from quart_session_demo.compare.harness.steps_file import StepsError
    from quart_session_demo.compare.parity.comparison import ParityError
    from quart_session_demo.compare.parity.run import STDOUT, run_parity

    if json_file not in (None, STDOUT):
        require_writable(Path(json_file))
    with reported_errors(ParityError, ServerError, StepsError):
        same = run_parity(sync_app, async_app, steps_file, json_file, verbose)
    if not same:
        sys.exit(1)

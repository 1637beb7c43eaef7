"""`quart compare parity`: compare the responses of two apps."""

import sys
from pathlib import Path

import click

from quart_session_demo.cli.checks import reported_errors, require_extra, require_posix
from quart_session_demo.cli.command import Command


@click.command(
    cls=Command,
    example='compare parity --sync shop_flask:app --async shop_quart:app --steps shop.toml',
    statuses={
        0: 'There are no differences, except declared ones.',
        1: 'There is at least one other difference.',
        2: 'The comparison could not run, or its results could not be written.',
    },
)
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
    'as_json',
    is_flag=True,
    help='Print the results as JSON, and the report to standard error.',
)
@click.option('--verbose', is_flag=True, help='Print each step, and what is not compared.')
def parity(
    sync_app: str,
    async_app: str,
    steps_file: Path | None,
    as_json: bool,
    verbose: bool,
) -> None:
    """Run the same steps on both apps and show every difference."""
    require_posix()
    require_extra('compare', 'gunicorn', 'httpx', 'msgspec', 'rich')
    from quart_session_demo.compare.harness.servers import ServerError
    from quart_session_demo.compare.harness.steps_file import StepsError
    from quart_session_demo.compare.parity.comparison import ParityError
    from quart_session_demo.compare.parity.run import run_parity

    with reported_errors(ParityError, ServerError, StepsError):
        same = run_parity(sync_app, async_app, steps_file, as_json, verbose)
    if not same:
        sys.exit(1)

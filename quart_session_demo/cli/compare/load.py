"""`quart compare load`: compare the speed of two apps."""

import sys
from pathlib import Path

import click

from quart_session_demo.cli.checks import (
    CommandError,
    reported_errors,
    require_extra,
    require_posix,
    require_writable,
)
from quart_session_demo.cli.command import Command
from quart_session_demo.cli.compare.own_apps import check_own_apps

#: The largest `--duration`, in seconds: a day.
MAX_DURATION = 86_400
#: The packages of the extra `compare` that the command needs.
REQUIRED_PACKAGES = (
    'gevent',
    'gunicorn',
    'httpx',
    'locust',
    'matplotlib',
    'msgspec',
    'psutil',
    'rich',
    'uvloop',
)


@click.command(
    cls=Command,
    example='compare load --users 32 --users 256 --output measured',
    statuses={
        0: 'Everything was measured, and every response was correct.',
        1: 'A response was wrong, or a server exited.',
        2: 'The comparison could not run, or its results could not be written.',
    },
)
@click.option(
    '--users',
    type=click.IntRange(1),
    multiple=True,
    default=(1, 32, 256),
    show_default=True,
    help='The number of concurrent users. Can be given several times.',
)
@click.option(
    '--duration',
    type=click.FloatRange(0, min_open=True),
    default=10,
    show_default=True,
    help='Seconds of each measurement. A fifth of that is added to warm up.',
)
@click.option(
    '--rounds',
    type=click.IntRange(1),
    default=3,
    show_default=True,
    help='How often each measurement is repeated.',
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
    '--output',
    type=click.Path(file_okay=False, path_type=Path),
    help='Write results.json, report.html and the charts to this folder.',
)
@click.option('--markdown', is_flag=True, help='Print the tables in Markdown on a terminal too.')
@click.option(
    '--json',
    'as_json',
    is_flag=True,
    help='Print the results as JSON, and the tables to standard error.',
)
def load(
    users: tuple[int, ...],
    duration: float,
    rounds: int,
    sync_app: str | None,
    async_app: str | None,
    steps_file: Path | None,
    output: Path | None,
    markdown: bool,
    as_json: bool,
) -> None:
    """Put the same load on both apps, on several servers, and show which is faster.

    Use --sync, --async and --steps together. Without them the lesson's apps are measured.
    """
    require_posix()
    from quart_session_demo.compare.harness.servers import ServerError

    require_extra('compare', *REQUIRED_PACKAGES)
    check_own_apps(sync_app, async_app, steps_file)
    # click's FloatRange accepts NaN, for which every comparison is false.
    if not duration <= MAX_DURATION:
        raise CommandError(f'--duration is {duration:g}: use at most {MAX_DURATION} seconds')
    if output:
        try:
            output.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CommandError(f'{output}: {error.strerror}') from None
        require_writable(output / 'results.json')
    from quart_session_demo.compare.harness.steps_file import StepsError
    from quart_session_demo.compare.load.command import make_plan, run_load
    from quart_session_demo.compare.load.custom_scenario import ScenarioError
    from quart_session_demo.compare.load.runner import LoadError

    with reported_errors(LoadError, ScenarioError, ServerError, StepsError):
        plan = make_plan(sync_app, async_app, steps_file, users, duration, rounds)
        succeeded = run_load(plan, output, as_json=as_json, markdown=markdown)
    if not succeeded:
        sys.exit(1)

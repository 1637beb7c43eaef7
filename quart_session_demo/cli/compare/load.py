"""`quart compare load`: compare the speed of two apps."""

import secrets
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

#: The largest `--slice`, in seconds: an hour.
MAX_SLICE = 3600
#: The largest `--rate`, in requests per second.
MAX_RATE = 1_000_000
#: The packages of the extra `compare` that the command needs.
REQUIRED_PACKAGES = (
    'gevent',
    'granian',
    'gunicorn',
    'hdrh',
    'httptools',
    'httpx',
    'matplotlib',
    'msgspec',
    'psutil',
    'psycopg',
    'psycopg_pool',
    'uvicorn',
    'uvloop',
)


@click.command(
    cls=Command,
    example='compare load --quick --output measured',
    statuses={
        0: 'Everything was measured, and every response was correct.',
        1: 'A response was wrong, or a server exited.',
        2: 'The comparison could not run, or its results could not be written.',
    },
)
@click.option('--quick', is_flag=True, help='Measure only the first scenario, with 32 users.')
@click.option(
    '--scenario',
    'scenario_names',
    metavar='NAME',
    multiple=True,
    help='Measure only this scenario. Can be given several times.',
)
@click.option(
    '--users',
    type=click.IntRange(1),
    multiple=True,
    help='The number of concurrent users. Can be given several times.  '
    '[default: 256, or 32 with --quick]',
)
@click.option(
    '--contenders',
    metavar='NAMES',
    help='Measure only these servers, with commas between their names.',
)
@click.option(
    '--processes',
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help='How many worker processes each server has.',
)
@click.option(
    '--blocks',
    type=click.IntRange(1),
    default=15,
    show_default=True,
    help='How often each server is measured. Where that decides nothing, it is measured again.',
)
@click.option(
    '--slice',
    'seconds',
    type=click.FloatRange(0.1),
    default=1,
    show_default=True,
    help='For how many seconds a server is measured in a block.',
)
@click.option(
    '--rate',
    'rates',
    type=click.FloatRange(0, min_open=True),
    multiple=True,
    help='Measure only the response times while this number of requests arrives in a second. '
    'Can be given several times.',
)
@click.option(
    '--postgres',
    metavar='URL',
    help='The database of the database scenarios.  [default: a new one is started]',
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
    quick: bool,
    scenario_names: tuple[str, ...],
    users: tuple[int, ...],
    contenders: str | None,
    processes: int,
    blocks: int,
    seconds: float,
    rates: tuple[float, ...],
    postgres: str | None,
    sync_app: str | None,
    async_app: str | None,
    steps_file: Path | None,
    output: Path | None,
    markdown: bool,
    as_json: bool,
) -> None:
    """Put the same load on both apps, on several servers, and show which is faster.

    Use --sync, --async and --steps together. Without them the apps of this package are measured.
    """
    require_posix()
    from quart_session_demo.compare.harness.servers import ServerError

    require_extra('compare', *REQUIRED_PACKAGES)
    check_own_apps(sync_app, async_app, steps_file)
    # click's FloatRange accepts NaN, for which every comparison is false.
    if not seconds <= MAX_SLICE:
        raise CommandError(f'--slice is {seconds:g}: use at most {MAX_SLICE} seconds')
    for rate in rates:
        if not rate <= MAX_RATE:
            raise CommandError(f'--rate is {rate:g}: use at most {MAX_RATE:,}')
    if quick and rates:
        raise click.UsageError('--quick and --rate exclude each other: use one of them')
    if steps_file and scenario_names:
        raise click.UsageError('--steps and --scenario exclude each other: use one of them')
    if output:
        try:
            output.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CommandError(f'{output}: {error.strerror}') from None
        require_writable(output / 'results.json')
    from quart_session_demo.compare.harness.steps_file import StepsError
    from quart_session_demo.compare.load.command import run_load, with_own_apps
    from quart_session_demo.compare.load.contenders import split_names
    from quart_session_demo.compare.load.custom_scenario import ScenarioError
    from quart_session_demo.compare.load.database import BackendError
    from quart_session_demo.compare.load.generator_process import LoadError
    from quart_session_demo.compare.load.plan import (
        DEFAULT_USERS,
        QUICK_USERS,
        Plan,
        make_quick,
    )
    from quart_session_demo.compare.load.scenarios import select_scenarios

    try:
        plan = Plan(
            select_scenarios(scenario_names),
            users=tuple(sorted(set(users))) or (QUICK_USERS if quick else DEFAULT_USERS),
            names=split_names(contenders),
            processes=processes,
            blocks=blocks,
            seconds=seconds,
            rates=tuple(sorted(set(rates))),
            postgres=postgres,
            seed=secrets.randbelow(1_000_000),
        )
    except ValueError as error:
        raise CommandError(str(error)) from None
    with reported_errors(BackendError, LoadError, ScenarioError, ServerError, StepsError):
        if sync_app and async_app and steps_file:
            plan = with_own_apps(plan, sync_app, async_app, steps_file)
        succeeded = run_load(
            make_quick(plan) if quick else plan, output, as_json=as_json, markdown=markdown
        )
    if not succeeded:
        sys.exit(1)

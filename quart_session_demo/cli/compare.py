"""`compare`: Flask beside Quart. What it needs is imported when it runs."""

import asyncio
import os
import sys
from importlib.util import find_spec
from pathlib import Path

import click

# Seconds.
MAX_DURATION = 86_400


class CannotRun(click.ClickException):
    """Ends a command that could not do its work: one line on stderr, exit status 2."""

    exit_code = 2


def need_extra(extra: str, *packages: str) -> None:
    """Raise `CannotRun` when packages of an extra are missing, naming the extra."""
    if any(find_spec(package) is None for package in packages):
        raise CannotRun(
            f'this command needs the extra {extra!r}: pip install "quart_session_demo[{extra}]"'
        )


def need_posix() -> None:
    """Raise `CannotRun` on Windows."""
    if sys.platform == 'win32':
        raise CannotRun('compare runs gunicorn, which needs Linux, macOS or another POSIX system')


def need_writable(path: Path) -> None:
    """Raise `CannotRun` when a file cannot be written; what it holds stays."""
    new = not path.exists()
    try:
        path.open('ab').close()
    except OSError as error:
        raise CannotRun(f'{path}: {error.strerror}') from None
    if new:
        path.unlink()


@click.group()
def compare() -> None:
    """Compare Flask with Quart, on real servers."""


@compare.command()
@click.option(
    '--sync',
    'sync_app',
    default='quart_session_demo.compare.apps.lesson.flask_app:create_flask_app()',
    metavar='MODULE:APP',
    show_default=True,
    help='The Flask app, run on gunicorn.',
)
@click.option(
    '--async',
    'async_app',
    default='quart_session_demo:app',
    metavar='MODULE:APP',
    show_default=True,
    help='The Quart app, run on Hypercorn.',
)
@click.option(
    '--steps',
    'steps_file',
    type=click.Path(dir_okay=False, path_type=Path),
    help="What visitors do, in TOML.  [default: the lesson's steps]",
)
@click.option(
    '--json',
    'json_file',
    metavar='FILE',
    help='Write the results there; with - on standard output, and the table on standard error.',
)
@click.option('--verbose', is_flag=True, help='Say what is not compared.')
def parity(
    sync_app: str,
    async_app: str,
    steps_file: Path | None,
    json_file: str | None,
    verbose: bool,
) -> None:
    """Take the same steps on both apps, and show every difference.

    Exit status: 0 when nothing differs but what is declared, 1 when something does, 2 when the
    comparison could not run.
    """
    need_posix()
    from quart_session_demo.compare.harness.servers import ServerError, exit_on_signals

    exit_on_signals()
    need_extra('compare', 'gunicorn', 'httpx', 'msgspec', 'rich')
    from quart_session_demo.compare.harness.steps import StepsError
    from quart_session_demo.compare.parity.replay import ParityError
    from quart_session_demo.compare.parity.run import STDOUT, run

    if json_file not in (None, STDOUT):
        need_writable(Path(json_file))
    try:
        same = run(sync_app, async_app, steps_file, json_file, verbose)
    except (ParityError, ServerError, StepsError) as error:
        raise CannotRun(str(error)) from None
    except OSError as error:
        # What is left of standard output would fail again when Python ends, with another status.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise CannotRun(str(error)) from None
    if not same:
        sys.exit(1)


@compare.command()
@click.option(
    '--users',
    type=click.IntRange(1),
    multiple=True,
    default=(1, 32, 256),
    show_default=True,
    help='How many work at once; may be given several times.',
)
@click.option(
    '--duration',
    type=click.FloatRange(0, min_open=True),
    default=10,
    show_default=True,
    help='Seconds of each measurement, after a fifth of that to warm up.',
)
@click.option(
    '--rounds',
    type=click.IntRange(1),
    default=3,
    show_default=True,
    help='How often each measurement is made.',
)
@click.option('--sync', 'sync_app', metavar='MODULE:APP', help='Your own Flask app.')
@click.option('--async', 'async_app', metavar='MODULE:APP', help='Its port to Quart.')
@click.option(
    '--steps',
    'steps_file',
    type=click.Path(dir_okay=False, path_type=Path),
    help='What its visitors do, in TOML.',
)
@click.option(
    '--output',
    type=click.Path(file_okay=False, path_type=Path),
    help='Write results.json, report.html and the charts there.',
)
def load(
    users: tuple[int, ...],
    duration: float,
    rounds: int,
    sync_app: str | None,
    async_app: str | None,
    steps_file: Path | None,
    output: Path | None,
) -> None:
    """Put both under the same load, on several servers, and tell who is faster, and when.

    --sync, --async and --steps go together; without them it is the lesson's apps.

    Exit status: 0 when all was measured and every reply was right, 1 when not, 2 when the
    comparison could not run.
    """
    need_posix()
    from quart_session_demo.compare.harness.servers import ServerError, exit_on_signals

    exit_on_signals()
    need_extra(
        'compare',
        *('gevent', 'gunicorn', 'httpx', 'locust', 'matplotlib', 'msgspec', 'psutil', 'rich'),
        'uvloop',
    )
    from quart_session_demo.compare.harness.steps import StepsError
    from quart_session_demo.compare.load.command import make_plan, run_load
    from quart_session_demo.compare.load.custom_scenario import ScenarioError
    from quart_session_demo.compare.load.runner import LoadError

    own = (sync_app, async_app, steps_file)
    if any(own) and not all(own):
        raise click.UsageError('--sync, --async and --steps go together')
    # click's FloatRange lets NaN pass; a comparison does not.
    if not duration <= MAX_DURATION:
        raise CannotRun(f'--duration: {duration:g} seconds are more than a day, or none at all')
    if output:
        try:
            output.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CannotRun(f'{output}: {error.strerror}') from None
        need_writable(output / 'results.json')
    try:
        right = run_load(
            make_plan(sync_app, async_app, steps_file, users, duration, rounds), output
        )
    except (LoadError, OSError, ScenarioError, ServerError, StepsError) as error:
        raise CannotRun(str(error)) from None
    if not right:
        sys.exit(1)


@compare.command()
@click.option('--rounds', default=20, type=click.IntRange(1), show_default=True)
@click.option('--redis', 'redis_url', metavar='URL', help='Measure sessions on this Redis too.')
def cost(rounds: int, redis_url: str | None) -> None:
    """Measure what opening and saving the session costs the processor."""
    from quart_session_demo.compare.cost.benchmark import format_costs, measure_costs

    if redis_url is None:
        click.echo(format_costs(asyncio.run(measure_costs(rounds))))
        return
    need_extra('redis', 'redis')
    from quart_session_demo.sessions.redis import StoreError

    try:
        click.echo(format_costs(asyncio.run(measure_costs(rounds, redis_url))))
    except (StoreError, ValueError) as error:
        # Without the URL, which may hold a password.
        raise CannotRun(f'the Redis of --redis cannot be used: {error}') from None

"""Measure where the processor time of a server goes, with py-spy: see `--help`.

`pip install py-spy` installs it. It needs the right to read another process: run this file as root,
or with `sysctl kernel.yama.ptrace_scope=0`.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from conditions import date_and_versions
from stacks import OURS, OWNERS, PACKAGE, Frame, Samples, read_samples, responsible, running

from quart_session_demo.compare.harness.servers import Server, ServerError, clear_app_settings
from quart_session_demo.compare.load.contenders import Contender, contenders, lesson_pair
from quart_session_demo.compare.load.generator_process import Generator, LoadError
from quart_session_demo.compare.load.job import SliceOrder
from quart_session_demo.compare.load.open_files import raise_limit
from quart_session_demo.compare.load.scenarios import SESSION
from quart_session_demo.tables import Table

SERVERS = ('quart-hypercorn', 'quart-uvicorn', 'quart-granian')
PACKAGES = ('quart', 'hypercorn', 'uvicorn', 'granian', 'uvloop', 'py-spy')
#: Samples in a second. py-spy pauses the server for each.
RATE = 100
SLICE_SECONDS = 2
#: The rows of the table of functions.
FUNCTIONS = 20


class ProfileError(Exception):
    """py-spy recorded nothing; the message has what it printed."""


def main() -> None:
    """Measure, and print the tables in Markdown."""
    options = parse_options()
    clear_app_settings()
    raise_limit()
    pair = lesson_pair(SESSION.apps)
    known = {item.name: item for item in contenders(pair, options.users)}
    chosen = [known[name] for name in options.server or SERVERS]
    try:
        find_py_spy()
        profiles = {
            item.server.name: record(item, options.users, options.seconds) for item in chosen
        }
    except (LoadError, ProfileError, ServerError) as error:
        sys.exit(str(error))
    heading = 'Where the processor time of a server goes'
    print(f'# {heading}\n\n{conditions(options.users, options.seconds)}')
    for table in (by_function_that_runs(profiles), ours(profiles), our_functions(profiles)):
        print(f'\n## {table.title}\n\n{table.description}\n\n{table.markdown()}')


def parse_options() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(
        description='Measure where the processor time of a server goes in the session scenario.'
    )
    parser.add_argument(
        '--server',
        action='append',
        choices=SERVERS,
        help='measure this server; can be repeated (default: all)',
    )
    parser.add_argument('--users', type=int, default=256, help='users (default: 256)')
    parser.add_argument('--seconds', type=int, default=30, help='for how long (default: 30)')
    return parser.parse_args()


def record(contender: Contender, users: int, seconds: int) -> Samples:
    """Return the stacks of a server under load.

    Raises:
        LoadError: The load generator failed.
        ProfileError: py-spy recorded nothing.
        ServerError: The server did not start.
    """
    with (
        tempfile.NamedTemporaryFile('r') as output,
        Server(contender.server) as server,
    ):
        server.wait_until_ready()
        with Generator(SESSION, users, {contender.name: server.url}) as generator:
            order = SliceOrder(contender.name, 0, SLICE_SECONDS)
            generator.run(order)
            recorder = subprocess.Popen(  # noqa: S603 - a fixed program
                py_spy_command(server.process.pid, seconds, output.name),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            with recorder:
                while recorder.poll() is None:
                    generator.run(order)
                printed = recorder.communicate()[0]
        samples = read_samples(output)
    if not samples:
        raise ProfileError(f'py-spy recorded nothing of {contender.name}:\n{printed}')
    return samples


def find_py_spy() -> str:
    """Return the program, beside this Python's or in the PATH.

    Raises:
        ProfileError: It is missing.
    """
    program = shutil.which('py-spy', path=Path(sys.executable).parent) or shutil.which('py-spy')
    if program is None:
        raise ProfileError('py-spy is missing: pip install py-spy')
    return program


def py_spy_command(pid: int, seconds: int, output: str) -> tuple[str, ...]:
    """Return how to record the stacks of a server and its child processes."""
    return (
        find_py_spy(),
        'record',
        '--subprocesses',
        f'--pid={pid}',
        f'--duration={seconds}',
        f'--rate={RATE}',
        '--format=raw',
        '--function',
        '--full-filenames',
        f'--output={output}',
    )


def conditions(users: int, seconds: int) -> str:
    """Return when, with what and how it was measured."""
    measured_with = date_and_versions(PACKAGES, installed_version)
    return f'{measured_with}; {users} users, {RATE} samples in a second for {seconds} seconds.'


def installed_version(name: str) -> str:
    """Return the version of py-spy, or of a package of this Python."""
    if name != 'py-spy':
        return version(name)
    command = [find_py_spy(), '--version']
    result = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    return result.stdout.split()[-1]


def percentage(count: int, total: int) -> str:
    """Return a part of the samples in percent."""
    return f'{100 * count / total:.1f} %'


def by_function_that_runs(profiles: dict[str, Samples]) -> Table:
    """Return whose functions run on each server."""
    rows = []
    for server, samples in profiles.items():
        counts: Counter[str] = Counter()
        for stack, count in samples.items():
            counts[running(stack)] += count
        total = samples.total()
        rows.append([server, str(total), *(percentage(counts[name], total) for name in OWNERS)])
    description = 'Whose function runs, in percent of the samples.'
    return Table('Running functions', description, ('server', 'samples', *OWNERS), rows)


def ours(profiles: dict[str, Samples]) -> Table:
    """Return which part this package takes on each server, with the libraries that it calls."""
    rows = []
    for server, samples in profiles.items():
        counts: Counter[str] = Counter()
        for stack, count in samples.items():
            if frame := responsible(stack):
                counts[frame.owner] += count
        shares = [counts[name] for name in OURS]
        total = samples.total()
        rows.append([server, *(percentage(share, total) for share in (*shares, sum(shares)))])
    return Table(
        'This package',
        'This package with the libraries that it calls, without what its middleware wraps.',
        ('server', *OURS, 'together'),
        rows,
    )


def our_functions(profiles: dict[str, Samples]) -> Table:
    """Return which functions of this package take most, with the libraries that they call."""
    counts = {server: _count_functions(samples) for server, samples in profiles.items()}
    totals: Counter[Frame] = Counter()
    for counter in counts.values():
        totals.update(counter)
    rows = [
        [
            f'`{frame.function}`',
            f'`{frame.file.rpartition(f"/{PACKAGE}/")[2]}`',
            *(percentage(counts[server][frame], profiles[server].total()) for server in profiles),
        ]
        for frame, _ in totals.most_common(FUNCTIONS)
    ]
    header: Sequence[str] = ('function', 'module', *profiles)
    description = 'The functions of this package that take most, with the libraries that they call.'
    return Table('Functions of this package', description, header, rows)


def _count_functions(samples: Samples) -> Counter[Frame]:
    counts: Counter[Frame] = Counter()
    for stack, count in samples.items():
        if frame := responsible(stack):
            counts[frame] += count
    return counts


if __name__ == '__main__':
    main()

"""Measure how fast servers are, and what they do when they stop or fail: see `--help`."""

import argparse
import os
import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import version

from cases import CASES, Amount
from failures import measure_failures
from losses import details, measure_losses, summary
from overview import COLUMNS, overview
from servers import SERVERS
from speed import measure_speed

from quart_session_demo.compare.harness.formatting import pluralize
from quart_session_demo.compare.harness.servers import ServerError
from quart_session_demo.compare.load.generator_process import LoadError
from quart_session_demo.compare.load.machine import machine_info

PACKAGES = (
    'quart',
    'hypercorn',
    'uvloop',
    'gunicorn',
    'uvicorn',
    'httptools',
    'granian',
)


def main() -> None:
    """Measure, and print the tables in Markdown."""
    options = parse_options()
    servers = [server for server in SERVERS if server.name in options.server]
    # Hypercorn and the starter are also measured with one process, but only for their losses.
    pairs = [server for server in servers if server.processes == 2]
    amount = Amount(options.requests, options.seconds, options.wait)
    try:
        verdicts = measure_speed(pairs, options.users, options.blocks, options.slice)
        failures = measure_failures(pairs, options.rounds, amount)
        losses = measure_losses(servers, options.rounds, amount)
    except (LoadError, ServerError) as error:
        sys.exit(str(error))
    print(f'# What each server does\n\n{conditions(options)}')
    tables = (
        overview(pairs, verdicts, losses, failures),
        summary(servers, losses),
        details(servers, losses),
    )
    for table in tables:
        print(f'\n## {table.title}\n\n{table.description}\n\n{table.markdown()}')
    print('\n## Columns\n')
    for column, description in COLUMNS.items():
        print(f'- {column}: {description}.')
    print('\n## Cases\n')
    for case in CASES:
        print(f'- {case.name}: {case.description}.')


def parse_options() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(
        description='Measure how fast servers are, and what they do when they stop or fail.'
    )
    names = [server.name for server in SERVERS]
    parser.add_argument(
        '--server',
        action='append',
        choices=names,
        help='measure this server; can be repeated (default: all)',
    )
    parser.add_argument('--rounds', type=int, default=2, help='rounds (default: 2)')
    parser.add_argument(
        '--requests', type=int, default=100, help='requests at the same time (default: 100)'
    )
    parser.add_argument(
        '--wait', type=float, default=2, help='seconds that a request in flight takes (default: 2)'
    )
    parser.add_argument(
        '--seconds', type=float, default=2, help='load before the signal (default: 2)'
    )
    parser.add_argument('--users', type=int, default=256, help='users for the speed (default: 256)')
    parser.add_argument(
        '--blocks', type=int, default=15, help='how often the speed is measured (default: 15)'
    )
    parser.add_argument(
        '--slice', type=float, default=1, help='for how many seconds each time (default: 1)'
    )
    options = parser.parse_args()
    options.server = options.server or names
    return options


def conditions(options: argparse.Namespace) -> str:
    """Return what was measured, when and on what."""
    versions = ', '.join(f'{package} {version(package)}' for package in PACKAGES)
    machine = machine_info()
    return (
        f'{datetime.now(UTC):%Y-%m-%d}: {platform.python_implementation()}'
        f' {platform.python_version()}, {versions}, {platform.system()}, {os.cpu_count()}'
        f' processors ({machine["processor"]}). Speed: {pluralize(options.users, "user")} of the'
        f' lesson, each sets the session, reads it eight times and deletes it;'
        f' {pluralize(options.blocks, "block")} with {options.slice:g} s for each server. Losses:'
        f' {pluralize(options.rounds, "round")} of {pluralize(options.requests, "request")} at the'
        f' same time. A request in flight takes {options.wait:g} s. The load runs for'
        f' {options.seconds:g} s before the signal.'
    )


if __name__ == '__main__':
    main()

"""Measure which requests a server loses when it stops or restarts: see `--help`."""

import argparse
import asyncio
import os
import platform
import sys
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version

from cases import CASES, Amount, Case
from clients import LOSSES, Outcome, Outcomes
from servers import SERVERS, ServerKind, run_server

from quart_session_demo.compare.harness.formatting import pluralize
from quart_session_demo.compare.harness.servers import ServerError
from quart_session_demo.tables import Table

PACKAGES = ('hypercorn', 'uvloop', 'gunicorn', 'uvicorn', 'granian')
#: The cell of a case that a server does not support.
UNSUPPORTED = '-'

#: The outcomes of each round, by the names of the server and the case.
Results = dict[tuple[str, str], list[Outcomes]]


def main() -> None:
    """Measure, and print the tables in Markdown."""
    options = parse_options()
    servers = [server for server in SERVERS if server.name in options.server]
    amount = Amount(options.requests, options.seconds)
    try:
        results = measure(servers, options.rounds, amount, options.wait)
    except ServerError as error:
        sys.exit(str(error))
    print(f'# What each server loses\n\n{conditions(options)}')
    for table in (summary(servers, results), details(servers, results)):
        print(f'\n## {table.title}\n\n{table.description}\n\n{table.markdown()}')
    print('\n## Cases\n')
    for case in CASES:
        print(f'- {case.name}: {case.description}.')


def parse_options() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(
        description='Measure which requests each server loses when it stops or restarts.'
    )
    names = [server.name for server in SERVERS]
    parser.add_argument(
        '--server',
        action='append',
        choices=names,
        help='measure this server; can be repeated (default: all)',
    )
    parser.add_argument(
        '--requests', type=int, default=100, help='requests at the same time (default: 100)'
    )
    parser.add_argument(
        '--seconds', type=float, default=2, help='load before the signal (default: 2)'
    )
    parser.add_argument(
        '--wait', type=float, default=3, help='seconds that a request in flight takes (default: 3)'
    )
    parser.add_argument('--rounds', type=int, default=3, help='rounds (default: 3)')
    options = parser.parse_args()
    options.server = options.server or names
    return options


def measure(servers: Sequence[ServerKind], rounds: int, amount: Amount, wait: float) -> Results:
    """Run each case with each server in each round.

    Raises:
        ServerError: A server did not start.
    """
    results: Results = defaultdict(list)
    for number in range(1, rounds + 1):
        # One server after the other in each round, so that a busy minute does not hit one alone.
        for server in servers:
            for case in supported(server):
                print(f'round {number}: {server.name}: {case.name}', file=sys.stderr)
                with run_server(server, wait) as started:
                    outcomes = asyncio.run(case.run(started, amount))
                results[server.name, case.name].append(outcomes)
    return results


def supported(server: ServerKind) -> list[Case]:
    """Return the cases that a server supports."""
    return [case for case in CASES if server.restarts or not case.restarts]


def summary(servers: Sequence[ServerKind], results: Results) -> Table:
    """Return the table with one row a server."""
    rows = [
        [
            server.name,
            *(
                lost_and_sent(results[server.name, case.name])
                if case in supported(server)
                else UNSUPPORTED
                for case in CASES
            ),
        ]
        for server in servers
    ]
    return Table(
        'Lost requests',
        'How many requests were lost in a round, from the best to the worst round, and how many'
        ' were sent in all rounds.',
        ['server', *(case.name for case in CASES)],
        rows,
    )


def lost_and_sent(rounds: Sequence[Outcomes]) -> str:
    """Return a cell such as `0 to 3 (500)`."""
    lost = [sum(outcomes[loss] for loss in LOSSES) for outcomes in rounds]
    sent = sum(outcomes.total() - outcomes[Outcome.REFUSED] for outcomes in rounds)
    fewest, most = min(lost), max(lost)
    return f'{fewest} to {most} ({sent:,})' if fewest != most else f'{most} ({sent:,})'


def details(servers: Sequence[ServerKind], results: Results) -> Table:
    """Return the table with one row a server and case."""
    rows = []
    for server in servers:
        for case in supported(server):
            total = sum(results[server.name, case.name], start=Outcomes())
            rows.append([server.name, case.name, *(f'{total[outcome]:,}' for outcome in Outcome)])
    return Table(
        'Outcomes',
        'All requests of all rounds. A refused connection is not a loss: a router tries the next'
        ' server.',
        ['server', 'case', *Outcome],
        rows,
    )


def conditions(options: argparse.Namespace) -> str:
    """Return what was measured, when and on what."""
    versions = ', '.join(f'{package} {version(package)}' for package in PACKAGES)
    return (
        f'{datetime.now(UTC):%Y-%m-%d}: {platform.python_implementation()}'
        f' {platform.python_version()}, {versions}, {platform.system()}, {os.cpu_count()}'
        f' processors. {pluralize(options.rounds, "round")} of'
        f' {pluralize(options.requests, "request")} at the same time. A request in flight takes'
        f' {options.wait:g} s. The load runs for {options.seconds:g} s before the signal.'
    )


if __name__ == '__main__':
    main()

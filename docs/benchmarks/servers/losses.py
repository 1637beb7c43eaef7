"""Measure which requests each server loses when it stops or restarts."""

import asyncio
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from cases import CASES, Amount, Case
from clients import Outcome, Outcomes, lost
from servers import ServerKind, run_server

from quart_session_demo.tables import Table

#: The cell of a case that a server does not support.
UNSUPPORTED = '-'


@dataclass(frozen=True)
class Result:
    """What happened in a case.

    Attributes:
        outcomes: What became of the requests.
        status: The exit status of the server; None if it was restarted.
    """

    outcomes: Outcomes
    status: int | None


#: The result of each round, by the names of the server and the case.
Losses = dict[tuple[str, str], list[Result]]


def measure_losses(servers: Sequence[ServerKind], rounds: int, amount: Amount) -> Losses:
    """Run each case with each server in each round.

    Raises:
        ServerError: A server did not start.
    """
    results: Losses = defaultdict(list)
    for number in range(1, rounds + 1):
        # One server after the other in each round, so that a busy minute does not hit one alone.
        for server in servers:
            for case in supported(server):
                print(f'round {number}: {server.name}: {case.name}', file=sys.stderr)
                with run_server(server, amount.wait) as started:
                    outcomes = asyncio.run(case.run(started, amount))
                    status = None if case.restarts else started.wait_for_exit()
                results[server.name, case.name].append(Result(outcomes, status))
    return results


def supported(server: ServerKind) -> list[Case]:
    """Return the cases that a server supports."""
    return [case for case in CASES if server.restarts or not case.restarts]


def summary(servers: Sequence[ServerKind], results: Losses) -> Table:
    """Return the table with one row a server."""
    rows = [
        [
            server.name,
            *(
                lost_and_sent([item.outcomes for item in results[server.name, case.name]])
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
    sent = sum(outcomes.total() - outcomes[Outcome.REFUSED] for outcomes in rounds)
    return f'{from_to(map(lost, rounds))} ({sent:,})'


def from_to(values: Iterable[float], show: Callable[[float], str] = str) -> str:
    """Return a text such as `0 to 3`, from the least value to the greatest."""
    ordered = sorted(values)
    least, greatest = show(ordered[0]), show(ordered[-1])
    return least if least == greatest else f'{least} to {greatest}'


def details(servers: Sequence[ServerKind], results: Losses) -> Table:
    """Return the table with one row a server and case."""
    rows = []
    for server in servers:
        for case in supported(server):
            rounds = [item.outcomes for item in results[server.name, case.name]]
            total = sum(rounds, start=Outcomes())
            rows.append([server.name, case.name, *(f'{total[outcome]:,}' for outcome in Outcome)])
    return Table(
        'Outcomes',
        'All requests of all rounds. A refused connection is not a loss: a router tries the next'
        ' server.',
        ['server', 'case', *Outcome],
        rows,
    )

"""The table with one row a server: its speed, its memory, and what its failures cost."""

from collections.abc import Mapping, Sequence
from functools import partial

from cases import IN_FLIGHT_GROUP, IN_FLIGHT_MASTER
from failures import Failures, Killed
from losses import Losses, from_to, lost_and_sent
from servers import ServerKind

from quart_session_demo.compare.harness.formatting import format_number
from quart_session_demo.compare.load.results import ContenderResult
from quart_session_demo.compare.load.verdicts import Verdicts
from quart_session_demo.compare.load.wording import MEGABYTE, median_text, ratio_text
from quart_session_demo.tables import Table

#: The columns, with what they show.
COLUMNS = {
    'server': 'each with two processes',
    'speed': 'the requests per second, divided by those of the starter: the geometric mean of all'
    ' blocks, with the 95 % interval. The clients share the processors with the server, so the'
    ' ratios are nearer to 1 than with clients on other machines',
    'CPU ms': 'the processor time of all processes for a request, in milliseconds',
    'MB': 'the memory of all processes after the load. Memory that they share counts once (PSS),'
    ' and so do the files that they map',
    'TERM, group': 'the requests in flight that are lost in a round after SIGTERM to the process'
    ' group. In parentheses: all requests of all rounds',
    'TERM, master': 'the same, with SIGTERM to the first process only',
    'killed process': 'what the server does after SIGKILL to one of its processes: the time until'
    ' another one can serve the app, or the exit status of the server',
    'others lost': 'the requests in flight in its other processes that are lost in a round'
    ' after this signal',
    'exit status': 'after SIGTERM, after an error in the module of the app, and after an error in'
    ' its start (`before_serving`). A dash: the server starts processes again and again',
}


def overview(
    servers: Sequence[ServerKind],
    verdicts: Verdicts,
    losses: Losses,
    failures: Mapping[str, Failures],
) -> Table:
    """Return the table of servers."""
    speeds = {item.name: item for item in verdicts.comparison.contenders}
    rows = []
    for server in servers:
        failed, speed = failures[server.name], speeds[server.name]
        stops = [losses[server.name, case.name] for case in (IN_FLIGHT_GROUP, IN_FLIGHT_MASTER)]
        statuses = (
            [result.status for rounds in stops for result in rounds],
            failed.import_statuses,
            failed.startup_statuses,
        )
        rows.append(
            [
                server.name,
                _ratio(verdicts, speed),
                median_text(speed, 'cpu_ms'),
                median_text(speed, 'memory', MEGABYTE),
                *(lost_and_sent([result.outcomes for result in rounds]) for rounds in stops),
                _reaction(failed.killed),
                from_to(killed.lost for killed in failed.killed)
                + f' ({sum(killed.others for killed in failed.killed):,})',
                ', '.join(_distinct(status) for status in statuses),
            ]
        )
    return Table('Servers', 'The columns are explained below.', tuple(COLUMNS), rows)


def _ratio(verdicts: Verdicts, speed: ContenderResult) -> str:
    if speed is verdicts.reference:
        return '1'
    ratio = verdicts.ratio_to_reference(speed)
    return ratio_text(ratio) if ratio else verdicts.excluded[speed.title]


def _reaction(killed: Sequence[Killed]) -> str:
    seconds = [item.seconds for item in killed if item.seconds is not None]
    if seconds:
        return f'replaced: {from_to(seconds, partial(format_number, digits=2))} s'
    return f'exits: {_distinct([item.status for item in killed])}'


def _distinct(statuses: Sequence[int | None]) -> str:
    return ' or '.join(sorted({'-' if status is None else str(status) for status in statuses}))

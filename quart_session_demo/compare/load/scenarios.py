"""The scenarios: what each user does, and which responses are correct."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from quart_session_demo.compare.apps.service.quote import QUOTE
from quart_session_demo.compare.harness.random_values import equal_texts
from quart_session_demo.compare.harness.steps import Step

#: The figure by which servers are compared.
Metric = Literal['requests_per_second', 'p95']
#: What runs beside the apps of a scenario.
Backend = Literal['postgres', 'service']
#: How long the measured requests of `WAITING` wait.
WAIT_SECONDS = 0.1
#: How long the background requests of `MIXED` wait.
LONG_WAIT_SECONDS = 1.0
#: The pause between two short requests, with which the processor is not the limit.
PAUSE_SECONDS = 0.5
#: The connections of each app's process to the database.
DATABASE_POOL_SIZE = 32
#: How much longer the database needs for the queries of `DATABASE_WAIT`.
QUERY_SECONDS = 0.02
#: The median of the service's response times.
SERVICE_SECONDS = 0.1
#: The mean of these delays.
SERVICE_MEAN_SECONDS = 0.105
#: The requested items, spread over a table of 100,000 rows.
ITEM_NUMBERS = tuple(range(5_000, 100_001, 9_500))
#: Every tenth user is a background user, in a scenario that has `background` exchanges.
BACKGROUND_INTERVAL = 10


class Exchange(msgspec.Struct, frozen=True):
    """A request and the expected response.

    Attributes:
        step: The request.
        status: The expected status; None accepts any.
        body: The expected body; None accepts any.
        random: The random values in the expected body, by an id that each user has too.
    """

    step: Step
    status: int | None = 200
    body: str | None = None
    random: dict[str, str] = {}

    def problem(self, status: int, body: str, random: Mapping[str, str]) -> str | None:
        """Return how a response differs from the expected one, or None.

        Args:
            status: The response's status.
            body: The response's body.
            random: The user's random values.
        """
        if self.status not in (None, status):
            return f'{self.step.name}: status {status} instead of {self.status}'
        if self.body is not None and not equal_texts(self.body, self.random, body, random):
            return f'{self.step.name}: unexpected body'
        return None


class Scenario(msgspec.Struct, frozen=True):
    """What every user repeats.

    Attributes:
        name: The name in reports.
        description: One or two sentences.
        exchanges: The repeated, measured requests.
        setup: Requests that each user makes once, before the others. Without them each repetition
            begins with an empty cookie jar.
        background: What every tenth user repeats instead, without being measured.
        wait_seconds: How long the handler of each measured request waits.
        metric: The figure by which servers are compared.
        apps: The folder of the pair of apps in `compare.apps`; '' for a user's own pair.
        has_rates: Whether a full run also measures it at fixed rates of requests.
        backend: What the apps need: a database, a service, or nothing.
    """

    name: str
    description: str
    exchanges: tuple[Exchange, ...]
    setup: tuple[Exchange, ...] = ()
    background: tuple[Exchange, ...] = ()
    wait_seconds: float = 0
    metric: Metric = 'requests_per_second'
    apps: str = ''
    has_rates: bool = False
    backend: Backend | None = None


def _get(path: str, body: str, wait: float = 0) -> Exchange:
    return Exchange(Step(name=path, path=path, wait=wait), body=body)


def _json(content: dict[str, Any]) -> str:
    """Return JSON as the apps send it."""
    return json.dumps(content, sort_keys=True, separators=(',', ':')) + '\n'


def _get_item(path: str, number: int) -> Exchange:
    item = {'id': number, 'name': f'item {number}', 'price': number * 7 % 1000}
    return _get(f'{path}{number}/', _json({'user': 'zhiliao', 'item': item}))


SET_SESSION = _get('/', '设置session成功')
READ_SESSION = _get('/get_session/', 'zhiliao')
DELETE_SESSION = _get('/del_session/', '删除session成功...')

SESSION = Scenario(
    'session',
    'Each user sets the session, reads it eight times and deletes it. The processor is the limit.',
    (SET_SESSION, *[READ_SESSION] * 8, DELETE_SESSION),
    apps='waiting',
    has_rates=True,
)
DATABASE = Scenario(
    'database',
    'Each handler reads the session and one row of a PostgreSQL table of 100,000 rows. Each '
    f'process has a pool of {DATABASE_POOL_SIZE} connections.',
    tuple(_get_item('/items/', number) for number in ITEM_NUMBERS),
    setup=(SET_SESSION,),
    apps='database',
    has_rates=True,
    backend='postgres',
)
DATABASE_WAIT = Scenario(
    'database-wait',
    f'As `database`, with a query that takes {QUERY_SECONDS * 1000:.0f} ms longer. Each process '
    f'has a pool of {DATABASE_POOL_SIZE} connections.',
    tuple(_get_item('/slow_items/', number) for number in ITEM_NUMBERS),
    setup=(SET_SESSION,),
    wait_seconds=QUERY_SECONDS,
    apps='database',
    backend='postgres',
)
SERVICE = Scenario(
    'service',
    'Each handler reads the session and calls an HTTP service that responds with 1 KB of JSON '
    f'after {SERVICE_SECONDS * 1000:.0f} ms (median of a log-normal distribution). Each process '
    'has 32 httpx clients with up to 16 connections each.',
    (_get('/quote/', _json({'user': 'zhiliao', 'quote': QUOTE})),),
    setup=(SET_SESSION,),
    wait_seconds=SERVICE_MEAN_SECONDS,
    apps='service',
    backend='service',
)
WAITING = Scenario(
    'waiting',
    f'Each handler reads the session and waits {WAIT_SECONDS * 1000:.0f} ms, as for a database.',
    (_get(f'/wait/{WAIT_SECONDS}/', 'zhiliao'),),
    setup=(SET_SESSION,),
    wait_seconds=WAIT_SECONDS,
    apps='waiting',
)
MIXED = Scenario(
    'mixed',
    f'Every tenth user repeats requests that wait {LONG_WAIT_SECONDS:.0f} s. The other users read '
    f'the session every {PAUSE_SECONDS} s; only their requests are measured.',
    (_get('/get_session/', 'zhiliao', PAUSE_SECONDS),),
    setup=(SET_SESSION,),
    background=(_get(f'/wait/{LONG_WAIT_SECONDS}/', 'zhiliao'),),
    metric='p95',
    apps='waiting',
)
#: The scenarios of the lesson.
LESSON_SCENARIOS = (
    SESSION,
    DATABASE,
    DATABASE_WAIT,
    SERVICE,
    WAITING,
    MIXED,
)


def select_scenarios(names: Sequence[str]) -> tuple[Scenario, ...]:
    """Return the scenarios with these names, or all.

    Raises:
        ValueError: There is no such scenario.
    """
    by_name = {scenario.name: scenario for scenario in LESSON_SCENARIOS}
    for name in names:
        if name not in by_name:
            raise ValueError(f'--scenario {name!r} is unknown: use one of {", ".join(by_name)}')
    return tuple(by_name[name] for name in names) or LESSON_SCENARIOS

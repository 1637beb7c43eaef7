"""The scenarios: what each user does, and which responses are correct."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from quart_session_demo.compare.harness.random_values import equal_texts
from quart_session_demo.compare.harness.steps import Step

#: The figure by which servers are compared.
Metric = Literal['requests_per_second', 'p95']
#: How long the measured requests of `WAITING` wait.
WAIT_SECONDS = 0.1
#: How long the background requests of `MIXED` wait.
LONG_WAIT_SECONDS = 1.0
#: The pause between two short requests, with which the processor is not the limit.
PAUSE_SECONDS = 0.5
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
    """

    name: str
    description: str
    exchanges: tuple[Exchange, ...]
    setup: tuple[Exchange, ...] = ()
    background: tuple[Exchange, ...] = ()
    wait_seconds: float = 0
    metric: Metric = 'requests_per_second'


def _get(path: str, body: str, wait: float = 0) -> Exchange:
    return Exchange(Step(name=path, path=path, wait=wait), body=body)


SET_SESSION = _get('/', '设置session成功')
READ_SESSION = _get('/get_session/', 'zhiliao')
DELETE_SESSION = _get('/del_session/', '删除session成功...')

SESSION = Scenario(
    'session',
    'Each user sets the session, reads it eight times and deletes it. The processor is the limit.',
    (SET_SESSION, *[READ_SESSION] * 8, DELETE_SESSION),
)
WAITING = Scenario(
    'waiting',
    f'Each handler reads the session and waits {WAIT_SECONDS * 1000:.0f} ms, as for a database.',
    (_get(f'/wait/{WAIT_SECONDS}/', 'zhiliao'),),
    setup=(SET_SESSION,),
    wait_seconds=WAIT_SECONDS,
)
MIXED = Scenario(
    'mixed',
    f'Every tenth user repeats requests that wait {LONG_WAIT_SECONDS:.0f} s. The other users read '
    f'the session every {PAUSE_SECONDS} s; only their requests are measured.',
    (_get('/get_session/', 'zhiliao', PAUSE_SECONDS),),
    setup=(SET_SESSION,),
    background=(_get(f'/wait/{LONG_WAIT_SECONDS}/', 'zhiliao'),),
    metric='p95',
)
#: The scenarios of the lesson.
LESSON_SCENARIOS = (
    SESSION,
    WAITING,
    MIXED,
)

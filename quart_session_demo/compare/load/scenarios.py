"""What the users do, and what each reply must be."""

from typing import Literal

import msgspec

from quart_session_demo.compare.harness.steps import Step

Metric = Literal['requests_per_second', 'p95']
WAIT = 0.1
LONG_WAIT = 1.0
# Between two quick reads, so that it is not their number that keeps the server busy.
PAUSE = 0.5


class Visit(msgspec.Struct, frozen=True):
    """A request and the reply to expect; None is any."""

    step: Step
    status: int | None = 200
    body: str | None = None

    def problem(self, status: int, body: str) -> str | None:
        """Return what is wrong with a reply."""
        if self.status not in (None, status):
            return f'{self.step.name}: status {status}, not {self.status}'
        if self.body not in (None, body):
            return f'{self.step.name}: not the reply that was expected'
        return None


class Work(msgspec.Struct, frozen=True):
    """What every user does, over and over.

    Attributes:
        name: What tables call it.
        text: What it is, in a sentence.
        visits: What is repeated, and counted.
        first: What each user does once before. Without it each repetition is a new visitor's,
            whose cookie jar is empty.
        every_tenth: What every tenth user repeats instead; it is not counted.
        waits: For how many seconds each request waits for something else.
        metric: The figure that decides who is better.
    """

    name: str
    text: str
    visits: tuple[Visit, ...]
    first: tuple[Visit, ...] = ()
    every_tenth: tuple[Visit, ...] = ()
    waits: float = 0
    metric: Metric = 'requests_per_second'


def _get(path: str, body: str, wait: float = 0) -> Visit:
    return Visit(Step(name=path, path=path, wait=wait), body=body)


SET = _get('/', '设置session成功')
READ = _get('/get_session/', 'zhiliao')
DELETE = _get('/del_session/', '删除session成功...')

SESSION = Work(
    'session',
    "A visitor's journey: set, eight reads, delete. It keeps the processor busy.",
    (SET, *[READ] * 8, DELETE),
)
WAITING = Work(
    'waiting',
    f'A session read whose handler waits {WAIT * 1000:.0f} ms, a stand-in for another service.',
    (_get(f'/wait/{WAIT}/', 'zhiliao'),),
    first=(SET,),
    waits=WAIT,
)
MIXED = Work(
    'mixed',
    f'Every tenth visitor keeps waiting {LONG_WAIT:.0f} s for another service. Counted are the '
    f"others' session reads, one each {PAUSE} s.",
    (_get('/get_session/', 'zhiliao', PAUSE),),
    first=(SET,),
    every_tenth=(_get(f'/wait/{LONG_WAIT}/', 'zhiliao'),),
    metric='p95',
)
LESSON = (SESSION, WAITING, MIXED)

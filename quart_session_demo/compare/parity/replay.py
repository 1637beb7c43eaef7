"""The same steps on a Flask app and on a Quart app, and every difference between the replies."""

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta

import httpx

from quart_session_demo.compare.harness.client import NOT_FOUND, SimulatedUser, make_client
from quart_session_demo.compare.harness.servers import GRACE, Server, ServerCommand, run_servers
from quart_session_demo.compare.harness.steps import ExpectedDifference, Step, Steps
from quart_session_demo.compare.parity.diff import differences, is_listed

NO_REPLY = 'no reply'


class ParityError(Exception):
    """A step cannot be replayed: one line that names it."""


@dataclass(frozen=True)
class Difference:
    """A field that differs.

    Attributes:
        field: Its name.
        sync: The Flask app's value.
        async_: The Quart app's.
        declared: When the difference is on purpose.
    """

    field: str
    sync: str
    async_: str
    declared: ExpectedDifference | None = None


KEPT = 'kept its own cookies: no shared key'


@dataclass(frozen=True)
class Result:
    """A step, what both apps replied, and what differs. A restart has no replies."""

    step: Step
    sync: Mapping[str, str] = field(default_factory=dict)
    async_: Mapping[str, str] = field(default_factory=dict)
    differences: tuple[Difference, ...] = ()

    @property
    def unexpected(self) -> bool:
        """Whether anything differs that was not declared."""
        return any(item.declared is None for item in self.differences)

    @property
    def same(self) -> bool:
        """Whether nothing differs but what is declared for every step."""
        return all(item.declared and not item.declared.steps for item in self.differences)


@dataclass
class Side:
    """One of the two apps, as its visitors see it.

    Requests are made in a thread of their own: a signal that ends us is handled in the main one,
    where it would break httpx off in the middle and leave its locks held.
    """

    client: httpx.Client
    thread: Executor
    visitors: dict[str, SimulatedUser] = field(default_factory=dict)

    def visitor(self, name: str) -> SimulatedUser:
        """Return what a visitor holds of this app."""
        return self.visitors.setdefault(name, SimulatedUser())

    def reply(self, server: Server, step: Step) -> dict[str, str]:
        """Take a step on a server.

        Raises:
            ServerError: The server died of it.
        """
        visitor = self.visitor(step.visitor)
        fields = self.thread.submit(visitor.send, self.client, server.url, step).result()
        if fields['status'].startswith(NO_REPLY):
            server.check_alive(f'died at step {step.name!r}', GRACE)
        return fields


def replay(
    steps: Steps,
    sync: ServerCommand,
    async_: ServerCommand,
    report: Callable[[Result], None],
    *,
    hand_over: bool = True,
) -> None:
    """Take every step on both apps and report each result as it comes.

    Args:
        steps: What to do.
        sync: How to start the Flask app.
        async_: How to start the Quart app.
        report: Called with each result.
        hand_over: False when the apps cannot read each other's cookies: each keeps its own.

    Raises:
        ServerError: A server did not start, or died.
        ParityError: A step makes no sense on either app.
    """
    with ExitStack() as stack:
        clients = [stack.enter_context(make_client()) for _ in range(2)]
        thread = stack.enter_context(ThreadPoolExecutor(1))
        left, right = (Side(client, thread) for client in clients)
        for restart, segment in _segments(steps.steps):
            environment = restart.restart or {} if restart else {}
            contenders = [
                replace(contender, environment={**contender.environment, **environment})
                for contender in (sync, async_)
            ]
            with run_servers(*contenders) as (flask, quart):
                if restart:
                    report(Result(restart))
                for step in segment:
                    time.sleep(step.wait)
                    if step.handover and hand_over:
                        _swap(left, right, step.visitor)
                    one = left.reply(flask, step)
                    came = time.monotonic()
                    other = right.reply(quart, step)
                    later = timedelta(seconds=time.monotonic() - came)
                    _check_possible(step, one, other)
                    found = tuple(_compare(step, one, other, later, steps.declared))
                    if step.handover and not hand_over:
                        found = (*found, Difference('handover', KEPT, KEPT))
                    report(Result(step, one, other, found))
                for server in (flask, quart):
                    server.check_alive('died after the last step')


def _segments(steps: tuple[Step, ...]) -> Iterator[tuple[Step | None, list[Step]]]:
    """Yield each restart, None for the start, with the steps that follow it."""
    restart: Step | None = None
    segment: list[Step] = []
    for step in steps:
        if step.restart is None:
            segment.append(step)
            continue
        if restart or segment:
            yield restart, segment
        restart, segment = step, []
    yield restart, segment


def _swap(one: Side, other: Side, visitor: str) -> None:
    held = one.visitor(visitor), other.visitor(visitor)
    other.visitors[visitor], one.visitors[visitor] = held


def _check_possible(step: Step, one: Mapping[str, str], other: Mapping[str, str]) -> None:
    if one['status'].startswith(NO_REPLY) and other['status'].startswith(NO_REPLY):
        raise ParityError(f'step {step.name!r}: neither app replies ({one["status"]})')
    for name in step.capture:
        if NOT_FOUND == one.get(f'capture.{name}') == other.get(f'capture.{name}'):
            raise ParityError(f'step {step.name!r}: capture finds {name!r} in neither reply')


def _compare(
    step: Step,
    one: Mapping[str, str],
    other: Mapping[str, str],
    later: timedelta,
    declared: tuple[ExpectedDifference, ...],
) -> Iterator[Difference]:
    for name, sync, async_ in differences(one, other, later):
        if is_listed(name, step.ignore):
            continue
        matching = (
            item
            for item in declared
            if is_listed(name, item.fields) and (not item.steps or step.name in item.steps)
        )
        yield Difference(name, sync, async_, next(matching, None))
        if name == 'status' and (sync.startswith(NO_REPLY) or async_.startswith(NO_REPLY)):
            # Without a reply nothing else can be compared.
            return

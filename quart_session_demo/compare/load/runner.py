"""Measure: rounds in which the contenders take turns, each on a server of its own."""

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from quart_session_demo.compare.harness.servers import GRACE, Server, ServerError, signals_deferred
from quart_session_demo.compare.load.job import Job, Window
from quart_session_demo.compare.load.resource_usage import Usage
from quart_session_demo.compare.load.scenarios import Work
from quart_session_demo.compare.load.targets import Entry, Pair, entries

WARM_UP_PART = 0.2
# What it takes to start and stop the two, at the very most.
GENERATOR_SECONDS = 60
# `-m` would load our package, and with it the ssl module, before Locust is there to change it.
GENERATOR = 'import locust; from quart_session_demo.compare.load.generator import main; main()'


class LoadError(Exception):
    """The load generator failed: its last line."""


@dataclass(frozen=True)
class Plan:
    """What to measure.

    Attributes:
        pair: The two apps.
        works: What is done on them.
        users: How many do it at once: each of these numbers.
        duration: Seconds that each measurement counts.
        rounds: How often each is made.
    """

    pair: Pair
    works: tuple[Work, ...]
    users: tuple[int, ...]
    duration: float
    rounds: int


class Measurement(msgspec.Struct, frozen=True):
    """One contender doing one work for one number of users, in one round.

    Attributes:
        work: The work's name.
        users: How many.
        round: Which, from 1 on.
        contender: The contender's name.
        at_once: How many requests it can wait in at once; None is any number.
        start_seconds: From the start of the server to its first reply.
        rest_memory: Bytes of memory at that time.
        window: What happened under load.
        error: Why there is none of it: the server did not start, or died.
    """

    work: str
    users: int
    round: int
    contender: str
    at_once: int | None
    start_seconds: float | None = None
    rest_memory: int | None = None
    window: Window | None = None
    error: str | None = None


@dataclass(frozen=True)
class Turn:
    """A measurement to be made."""

    round: int
    work: Work
    users: int
    entry: Entry


def turns(plan: Plan) -> Iterator[Turn]:
    """Yield what to measure, in order; in each round another contender is the first."""
    for round_ in range(1, plan.rounds + 1):
        for work in plan.works:
            for users in plan.users:
                taking_part = entries(plan.pair, users)
                first = (round_ - 1) % len(taking_part)
                for entry in taking_part[first:] + taking_part[:first]:
                    yield Turn(round_, work, users, entry)


def measure(turn: Turn, duration: float) -> Measurement:
    """Start a server, put it under load and stop it.

    Raises:
        LoadError: The load generator failed.
    """
    entry = turn.entry
    result = Measurement(
        turn.work.name, turn.users, turn.round, entry.contender.name, entry.at_once
    )
    started = time.perf_counter()
    with Server(entry.contender) as server:
        try:
            server.wait_until_ready()
            result = msgspec.structs.replace(
                result,
                start_seconds=time.perf_counter() - started,
                rest_memory=Usage(server.process.pid).memory(),
            )
            window = _load(server, turn, duration)
            server.check_alive(grace=GRACE if window.failures else 0)
        except ServerError as error:
            return msgspec.structs.replace(result, error=str(error))
    return msgspec.structs.replace(result, window=window)


def _load(server: Server, turn: Turn, duration: float) -> Window:
    job = Job(
        url=server.url,
        pid=server.process.pid,
        users=turn.users,
        work=turn.work,
        warm_up=duration * WARM_UP_PART,
        duration=duration,
    )
    generator = None
    try:
        with signals_deferred():
            generator = subprocess.Popen(  # noqa: S603 - our own code
                [sys.executable, '-c', GENERATOR],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                # Ctrl-C is for us alone.
                start_new_session=True,
            )
        output, errors = generator.communicate(
            msgspec.json.encode(job), duration * (1 + WARM_UP_PART) + GENERATOR_SECONDS
        )
    finally:
        if generator:
            generator.kill()
            generator.wait()
    try:
        return msgspec.json.decode(output, type=Window)
    except msgspec.DecodeError:
        lines = errors.decode(errors='replace').strip().splitlines()
        raise LoadError(
            f'the load generator failed: {lines[-1] if lines else "no reason"}'
        ) from None

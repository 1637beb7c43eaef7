"""Make the measurements of a plan, each with a new server process."""

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from quart_session_demo.compare.harness.servers import GRACE_SECONDS, Server, ServerError
from quart_session_demo.compare.load.job import Job, Sample
from quart_session_demo.compare.load.resource_usage import ResourceUsage
from quart_session_demo.compare.load.scenarios import Scenario
from quart_session_demo.compare.load.targets import Pair, Target, targets
from quart_session_demo.signals import signals_deferred

#: The warm-up lasts this fraction of the measured time.
WARM_UP_RATIO = 0.2
#: The longest time to start and stop the load generator and its users.
GENERATOR_SECONDS = 60
#: Locust must patch the ssl module before any module loads it. `-m` would load our package first.
GENERATOR = 'import locust; from quart_session_demo.compare.load.generator import main; main()'


class LoadError(Exception):
    """The load generator failed; the message is the last line that it printed."""


@dataclass(frozen=True)
class Plan:
    """What to measure.

    Attributes:
        pair: The two apps.
        scenarios: What the users do.
        users: The numbers of concurrent users.
        duration: Seconds of each measurement.
        rounds: How often each measurement is repeated.
    """

    pair: Pair
    scenarios: tuple[Scenario, ...]
    users: tuple[int, ...]
    duration: float
    rounds: int


@dataclass(frozen=True)
class Run:
    """A measurement to make: one target in one scenario, with a number of users, in one round."""

    round: int
    scenario: Scenario
    users: int
    target: Target


class Measurement(msgspec.Struct, frozen=True):
    """The result of a run.

    Attributes:
        scenario: The scenario's name.
        users: The number of concurrent users.
        round: The round, from 1.
        target: The target's name.
        concurrency: How many requests can wait in handlers at once; None means no limit.
        start_seconds: The time from the server's start to its first response.
        start_memory: The server's memory at that time, in bytes.
        sample: What was measured under load.
        error: Why there is no sample: the server did not start, or it exited.
    """

    scenario: str
    users: int
    round: int
    target: str
    concurrency: int | None
    start_seconds: float | None = None
    start_memory: int | None = None
    sample: Sample | None = None
    error: str | None = None


def runs(plan: Plan) -> Iterator[Run]:
    """Yield the runs of a plan in order; each round begins with another target."""
    for round_ in range(1, plan.rounds + 1):
        for scenario in plan.scenarios:
            for users in plan.users:
                servers = targets(plan.pair, users)
                first = (round_ - 1) % len(servers)
                for target in servers[first:] + servers[:first]:
                    yield Run(round_, scenario, users, target)


def measure(run: Run, duration: float) -> Measurement:
    """Start a server, measure it under load and stop it.

    Args:
        run: What to measure.
        duration: Seconds to measure, after the warm-up.

    Raises:
        LoadError: The load generator failed.
    """
    target = run.target
    result = Measurement(
        run.scenario.name, run.users, run.round, target.server.name, target.concurrency
    )
    started = time.perf_counter()
    with Server(target.server) as server:
        try:
            server.wait_until_ready()
            result = msgspec.structs.replace(
                result,
                start_seconds=time.perf_counter() - started,
                start_memory=ResourceUsage(server.process.pid).memory(),
            )
            sample = _run_generator(server, run, duration)
            server.check_alive(grace=GRACE_SECONDS if sample.failures else 0)
        except ServerError as error:
            return msgspec.structs.replace(result, error=str(error))
    return msgspec.structs.replace(result, sample=sample)


def _run_generator(server: Server, run: Run, duration: float) -> Sample:
    job = Job(
        url=server.url,
        pid=server.process.pid,
        users=run.users,
        scenario=run.scenario,
        warm_up=duration * WARM_UP_RATIO,
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
                # In a separate session it gets no Ctrl-C, which only this process handles.
                start_new_session=True,
            )
        output, errors = generator.communicate(
            msgspec.json.encode(job), duration * (1 + WARM_UP_RATIO) + GENERATOR_SECONDS
        )
    finally:
        if generator:
            generator.kill()
            generator.wait()
    try:
        return msgspec.json.decode(output, type=Sample)
    except msgspec.DecodeError:
        lines = errors.decode(errors='replace').strip().splitlines()
        reason = lines[-1] if lines else 'it printed no reason'
        raise LoadError(f'load generator failed: {reason}') from None

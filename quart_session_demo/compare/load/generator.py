"""The load generator: read a `Job` from standard input and print a `Sample`.

Importing Locust replaces sockets and threads with gevent's in the whole process. So the load
generator runs in a separate process, which `runner.py` starts.
"""

import math
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Container, Sequence
from itertools import count
from typing import Any

import gevent
import msgspec
from locust import FastHttpUser, task
from locust.env import Environment

from quart_session_demo.compare.harness.client import SimulatedUser
from quart_session_demo.compare.harness.cookies import store_cookies
from quart_session_demo.compare.harness.recording import body_text
from quart_session_demo.compare.harness.request import encode_request, request_host
from quart_session_demo.compare.load.job import Job, Sample
from quart_session_demo.compare.load.resource_usage import ResourceUsage
from quart_session_demo.compare.load.scenarios import BACKGROUND_INTERVAL, Exchange

#: How often the memory is measured.
MEMORY_INTERVAL_SECONDS = 0.2
#: Limits the number of requests to a server that refuses all of them immediately.
FAILURE_PAUSE_SECONDS = 0.1
#: The timeout of a request. It is long, because a slow response under load is not a failure.
REQUEST_TIMEOUT_SECONDS = 600


class Recorder:
    """The responses, failures and response times so far.

    Attributes:
        pending: The start of each measured request that has no response yet, by the user's number.
        milliseconds: The response times of the measured requests, in milliseconds.
        failures: How often each failure occurred.
        responses: The number of all responses, including those to background users.
    """

    def __init__(self) -> None:
        """Start empty."""
        self.pending: dict[int, float] = {}
        self.clear()

    def clear(self) -> None:
        """Forget the responses of the warm-up."""
        self.milliseconds: list[float] = []
        self.failures: Counter[str] = Counter()
        self.responses = 0

    def __call__(
        self,
        response_time: float,
        context: dict[str, bool],
        exception: Exception | None,
        **_: Any,
    ) -> None:
        """Record a response; Locust calls this."""
        self.responses += 1
        if exception is not None:
            self.failures[str(exception)] += 1
        elif context['measured']:
            self.milliseconds.append(response_time)


class LoadUser(FastHttpUser):
    """One concurrent user.

    If a steps file describes several users, this user makes the requests of all of them in turn,
    with one cookie jar for each.

    Attributes:
        job: The measurement.
        recorder: Records the responses to all users.
        numbers: Gives each user a number.
    """

    abstract = True
    network_timeout = connection_timeout = REQUEST_TIMEOUT_SECONDS
    job: Job
    recorder: Recorder
    numbers = count(1)

    @task
    def repeat_scenario(self) -> None:
        """Repeat the scenario until the process exits."""
        scenario, number = self.job.scenario, next(self.numbers)
        measured = not scenario.background or number % BACKGROUND_INTERVAL != 0
        exchanges = scenario.exchanges if measured else scenario.background
        # The users start at different times of the warm-up. Otherwise all would send at once.
        gevent.sleep(number / self.job.users * self.job.warm_up / 2)
        # Each simulated user has a cookie jar.
        self.client.client.cookiejar = None
        while True:
            self.simulated = defaultdict[str, SimulatedUser](SimulatedUser)
            succeeded = self.send_all(number, scenario.setup, measured=False)
            while succeeded:
                succeeded = self.send_all(number, exchanges, measured) and bool(scenario.setup)

    def send_all(self, number: int, exchanges: Sequence[Exchange], measured: bool) -> bool:
        """Make requests until one fails, and return whether all succeeded."""
        for exchange in exchanges:
            gevent.sleep(exchange.step.wait)
            if measured:
                self.recorder.pending[number] = time.perf_counter()
            try:
                succeeded = self.send(exchange, measured)
            finally:
                self.recorder.pending.pop(number, None)
            if not succeeded:
                gevent.sleep(FAILURE_PAUSE_SECONDS)
                return False
        return True

    def send(self, exchange: Exchange, measured: bool) -> bool:
        """Make a request and return whether the response is the expected one."""
        step = exchange.step
        user = self.simulated[step.user]
        path, headers, body = encode_request(step, user.captured, user.jar)
        with self.client.request(
            step.method,
            path,
            headers={name: value.encode().decode('latin-1') for name, value in headers.items()},
            data=body,  # type: ignore[arg-type] # Locust accepts bytes, too.
            allow_redirects=False,
            catch_response=True,
            context={'measured': measured},
        ) as response:
            if not response.status_code:
                problem: str | None = str(response.error)
            else:
                content, received = response.content or b'', list(response.headers.items())
                store_cookies(user.jar, request_host(headers), path, received)
                captures: Container[str] = ()
                if step.capture or step.random:
                    captures = user.capture(step, received, content)
                problem = exchange.problem(response.status_code, body_text(content), user.random)
                for name in step.capture:
                    if name not in captures:
                        problem = problem or f'{step.name}: capture {name!r} found nothing'
            if problem:
                response.failure(problem)
            else:
                response.success()
        return not problem


def main() -> None:
    """Do the job on standard input."""
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    LoadUser.job, LoadUser.recorder = job, Recorder()
    environment = Environment(user_classes=[LoadUser], host=job.url)
    environment.events.request.add_listener(LoadUser.recorder)  # type: ignore[no-untyped-call]
    environment.create_local_runner().start(job.users, spawn_rate=job.users)
    gevent.sleep(job.warm_up)
    sys.stdout.buffer.write(msgspec.json.encode(take_sample(job, LoadUser.recorder)))


def take_sample(job: Job, recorder: Recorder) -> Sample:
    """Measure the server and its responses for the job's duration."""
    server = ResourceUsage(job.pid)
    recorder.clear()
    start = time.perf_counter()
    generator_start = time.process_time()
    server_start = server.cpu_seconds()
    peak = 0
    while (remaining := start + job.duration - time.perf_counter()) > 0:
        gevent.sleep(min(MEMORY_INTERVAL_SECONDS, remaining))
        peak = max(peak, server.memory())
    end = time.perf_counter()
    server_seconds = server.cpu_seconds() - server_start
    generator_seconds = time.process_time() - generator_start
    responses = recorder.responses
    completed = recorder.milliseconds
    unfinished = [(end - since) * 1000 for since in recorder.pending.values()]
    times = sorted([*completed, *unfinished])
    return Sample(
        requests_per_second=len(completed) / (end - start),
        p50=percentile(times, 50),
        p95=percentile(times, 95),
        p99=percentile(times, 99),
        failures=dict(recorder.failures.most_common()),
        cpu_ms=server_seconds / responses * 1000 if responses else None,
        peak_memory=peak,
        generator_busy=generator_seconds / (end - start),
    )


def percentile(times: Sequence[float], percent: int) -> float | None:
    """Return a percentile of sorted times (nearest rank), or None if there are none."""
    return times[math.ceil(len(times) * percent / 100) - 1] if times else None

"""The load generator: reads a `Job` from standard input and prints a `Window`.

Locust makes sockets and threads gevent's as soon as it is imported, before anything else: only a
process of its own may do that. See `measure.py`, which starts it.
"""

import math
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from http.cookiejar import CookieJar
from itertools import count
from typing import Any

import gevent
import msgspec
from locust import FastHttpUser, task
from locust.env import Environment

from quart_session_demo.compare.harness.client import BrowserPolicy, decode_body, encode_request
from quart_session_demo.compare.harness.recording import body_text
from quart_session_demo.compare.harness.steps import response_text
from quart_session_demo.compare.load.job import Job, Window
from quart_session_demo.compare.load.resource_usage import Usage
from quart_session_demo.compare.load.scenarios import Visit

SAMPLE_SECONDS = 0.2
# So that a server which refuses at once is not asked a thousand times a second.
PAUSE_AFTER_FAILURE = 0.1
REPLY_SECONDS = 600


class Recorder:
    """Notes each reply."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.pending: dict[int, float] = {}
        self.clear()

    def clear(self) -> None:
        """Forget the replies so far: what follows counts."""
        self.milliseconds: list[float] = []
        self.failures: Counter[str] = Counter()
        self.replies = 0

    def __call__(
        self,
        response_time: float,
        context: dict[str, bool],
        exception: Exception | None,
        **_: Any,
    ) -> None:
        """Note a reply, called by Locust."""
        self.replies += 1
        if exception is not None:
            self.failures[str(exception)] += 1
        elif context['counted']:
            self.milliseconds.append(response_time)


class LoadUser(FastHttpUser):
    """A user, who is every visitor of the steps in turn, each with a cookie jar of its own."""

    abstract = True
    network_timeout = connection_timeout = REPLY_SECONDS
    job: Job
    recorder: Recorder
    numbers = count(1)

    @task
    def work(self) -> None:
        """Work until the load generator ends."""
        work, number = self.job.work, next(self.numbers)
        counted = not work.every_tenth or number % 10 != 0
        visits = work.visits if counted else work.every_tenth
        # One after the other, lest they all come at the same moment ever after.
        gevent.sleep(number / self.job.users * self.job.warm_up / 2)
        while True:
            self.jars = defaultdict[str, CookieJar](lambda: CookieJar(BrowserPolicy()))
            self.captured: dict[str, dict[str, str]] = defaultdict(dict)
            going = self.take(number, work.first, counted=False)
            while going:
                going = self.take(number, visits, counted) and bool(work.first)

    def take(self, number: int, visits: Sequence[Visit], counted: bool) -> bool:
        """Make requests, up to the first that goes wrong; tell whether all were right."""
        for visit in visits:
            gevent.sleep(visit.step.wait)
            if counted:
                self.recorder.pending[number] = time.perf_counter()
            try:
                right = self.visit(visit, counted)
            finally:
                self.recorder.pending.pop(number, None)
            if not right:
                gevent.sleep(PAUSE_AFTER_FAILURE)
                return False
        return True

    def visit(self, visit: Visit, counted: bool) -> bool:
        """Make a request and check the reply."""
        step = visit.step
        captured = self.captured[step.user]
        # As the quiet visit, which told what to expect.
        path, headers, body = encode_request(step, captured)
        self.client.client.cookiejar = self.jars[step.user]
        with self.client.request(
            step.method,
            path,
            headers={name: value.encode().decode('latin-1') for name, value in headers.items()},
            data=body,
            allow_redirects=False,
            catch_response=True,
            context={'counted': counted},
        ) as response:
            if not response.status_code:
                problem: str | None = str(response.error)
            else:
                content = response.content or b''
                problem = visit.problem(response.status_code, body_text(content))
                if step.capture:
                    text = decode_body(content, response.headers.get('Content-Type', ''))
                    found = step.find(response_text(response.headers.items(), text))
                    captured.update(found)
                    for name in step.capture.keys() - found.keys():
                        problem = problem or f'{step.name}: capture finds {name!r} nowhere'
            if problem:
                response.failure(problem)
            else:
                response.success()
        return not problem


def main() -> None:
    """Do a job."""
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    LoadUser.job, LoadUser.recorder = job, Recorder()
    environment = Environment(user_classes=[LoadUser], host=job.url)
    environment.events.request.add_listener(LoadUser.recorder)  # type: ignore[no-untyped-call]
    environment.create_local_runner().start(job.users, spawn_rate=job.users)
    gevent.sleep(job.warm_up)
    sys.stdout.buffer.write(msgspec.json.encode(measure(job, LoadUser.recorder)))


def measure(job: Job, recorder: Recorder) -> Window:
    """Watch the server and the replies for as long as the job says."""
    server = Usage(job.pid)
    recorder.clear()
    start, own_start, server_start = time.perf_counter(), time.process_time(), server.cpu_seconds()
    peak = 0
    while (left := start + job.duration - time.perf_counter()) > 0:
        gevent.sleep(min(SAMPLE_SECONDS, left))
        peak = max(peak, server.memory())
    now = time.perf_counter()
    server_seconds = server.cpu_seconds() - server_start
    own_seconds = time.process_time() - own_start
    replies = recorder.replies
    answered = recorder.milliseconds
    waited = [(now - since) * 1000 for since in recorder.pending.values()]
    times = sorted([*answered, *waited])
    return Window(
        requests_per_second=len(answered) / (now - start),
        p50=percentile(times, 50),
        p95=percentile(times, 95),
        p99=percentile(times, 99),
        failures=dict(recorder.failures.most_common()),
        cpu_ms=server_seconds / replies * 1000 if replies else None,
        peak_memory=peak,
        generator_busy=own_seconds / (now - start),
    )


def percentile(times: Sequence[float], percent: int) -> float | None:
    """Return the least of sorted times that so many percent of them do not exceed."""
    return times[math.ceil(len(times) * percent / 100) - 1] if times else None

"""Run the load generator in one or more processes, and merge what they measured."""

import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from statistics import fmean
from typing import Self

import msgspec

from quart_session_demo.compare.load.job import Job, SliceOrder, SliceResult
from quart_session_demo.compare.load.latency import LatencyHistogram
from quart_session_demo.compare.load.scenarios import Scenario
from quart_session_demo.signals import signals_deferred

#: The command line of the load generator.
COMMAND = (sys.executable, '-m', 'quart_session_demo.compare.load.generator')


class LoadError(Exception):
    """The load generator failed; the message has the last line that it printed."""


class Generator:
    """The load generator: the users of a scenario in one or more processes; `with` stops it.

    The users' connections to each server stay open from slice to slice.
    """

    def __init__(
        self, scenario: Scenario, users: int, urls: Mapping[str, str], processes: int = 1
    ) -> None:
        """Start the processes.

        Args:
            scenario: What each user does.
            users: The number of concurrent users of all processes together.
            urls: The servers' URLs, by the contender's name.
            processes: The number of processes; at most one for each user is started.
        """
        self._processes: list[_Process] = []
        first = 1
        try:
            for part in split(users, processes):
                with signals_deferred():
                    self._processes.append(_Process())
                self._processes[-1].write(Job(scenario, part, first, dict(urls)))
                first += part
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        """Return the load generator itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the processes."""
        self.close()

    def run(self, order: SliceOrder) -> SliceResult:
        """Put load on a server for a short time, and return what all processes measured.

        Raises:
            LoadError: A process failed.
        """
        count = len(self._processes)
        rate = None if order.rate is None else order.rate / count
        for number, process in enumerate(self._processes):
            # Each process has a schedule of its own. Together they are one Poisson process.
            seed = order.seed * count + number
            process.write(msgspec.structs.replace(order, rate=rate, seed=seed))
        return merge([process.read() for process in self._processes])

    def close(self) -> None:
        """Kill the processes."""
        for process in self._processes:
            process.kill()


class _Process:
    """One process of the load generator."""

    def __init__(self) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `kill`
        self._process = subprocess.Popen(  # noqa: S603 - our own code
            COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            # In a separate session it gets no Ctrl-C, which only this process handles.
            start_new_session=True,
        )

    def write(self, message: Job | SliceOrder) -> None:
        assert self._process.stdin  # noqa: S101 - for mypy
        # `read` reports why the process exited.
        with suppress(BrokenPipeError):
            self._process.stdin.write(msgspec.json.encode(message) + b'\n')
            self._process.stdin.flush()

    def read(self) -> SliceResult:
        assert self._process.stdout  # noqa: S101 - for mypy
        line = self._process.stdout.readline()
        try:
            return msgspec.json.decode(line, type=SliceResult)
        except msgspec.DecodeError:
            self._process.kill()
            self._process.wait()
            self._errors.seek(0)
            lines = self._errors.read().decode(errors='replace').strip().splitlines()
            reason = lines[-1] if lines else 'it printed no reason'
            raise LoadError(f'load generator failed: {reason}') from None

    def kill(self) -> None:
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            # Closing writes what is left to a process that does not read it any more.
            with suppress(BrokenPipeError):
                if pipe:
                    pipe.close()
        self._process.wait()
        self._errors.close()


def split(users: int, processes: int) -> list[int]:
    """Return the number of users of each process; no process has none."""
    processes = min(users, processes)
    return [users // processes + (number < users % processes) for number in range(processes)]


def merge(results: Sequence[SliceResult]) -> SliceResult:
    """Return the sum of what several processes, or several slices, measured.

    The time is the mean, and `busy` that of the busiest process.
    """
    failures: Counter[str] = Counter()
    for result in results:
        failures.update(result.failures)
    latencies = [LatencyHistogram.merged([result.latencies]) for result in results]
    measured = [histogram.count for histogram in latencies]
    late = sum(result.late_ratio * count for result, count in zip(results, measured, strict=True))
    return SliceResult(
        requests=sum(result.requests for result in results),
        seconds=fmean(result.seconds for result in results),
        latencies=LatencyHistogram.merged(result.latencies for result in results).encode(),
        responses=sum(result.responses for result in results),
        failures=dict(failures.most_common()),
        busy=max(result.busy for result in results),
        late_ratio=late / sum(measured) if any(measured) else 0,
    )

"""The servers of several contenders, all running at once, and the load generator."""

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Self

from quart_session_demo.compare.harness.servers import GRACE_SECONDS, Server, ServerError
from quart_session_demo.compare.load.contenders import Contender
from quart_session_demo.compare.load.generator_process import Generator
from quart_session_demo.compare.load.job import SliceOrder, SliceResult
from quart_session_demo.compare.load.resource_usage import ResourceUsage
from quart_session_demo.compare.load.scenarios import Scenario

#: A server that uses no processor time for so long has started all of its processes.
IDLE_SECONDS = 0.5
#: How long that may take.
START_SECONDS = 60


@dataclass(frozen=True)
class Start:
    """How a server started.

    Attributes:
        seconds: The time to its first response.
        memory: Its memory at that time, in bytes.
    """

    seconds: float
    memory: int


@dataclass(frozen=True)
class MeasuredSlice:
    """What was measured of one server in a slice.

    Attributes:
        result: What the load generator measured.
        cpu_seconds: The processor time of the server's processes.
        memory: Their memory after the slice, in bytes.
    """

    result: SliceResult
    cpu_seconds: float
    memory: int


class RunningServers:
    """The servers of several contenders and the load generator; `with` starts and stops them.

    Attributes:
        starts: How each server started, by the contender's name.
        errors: Why servers do not run, by the contender's name.
    """

    def __init__(
        self,
        contenders: Sequence[Contender],
        environment: Mapping[str, str],
        scenario: Scenario,
        users: int,
        *,
        processes: int = 1,
        generators: int = 1,
    ) -> None:
        """Start nothing yet.

        Args:
            contenders: The servers.
            environment: Further environment variables of the apps.
            scenario: What each user does.
            users: The number of concurrent users of each server.
            processes: The number of worker processes of each server.
            generators: The number of processes of the load generator.
        """
        self._contenders = contenders
        self._environment = environment
        self._scenario = scenario
        self._users = users
        self._processes = processes
        self._generators = generators
        self._stack = ExitStack()
        self._servers: dict[str, Server] = {}
        self._usage: dict[str, ResourceUsage] = {}
        self.starts: dict[str, Start] = {}
        self.errors: dict[str, str] = {}

    def __enter__(self) -> Self:
        """Start the servers, one after another: each start is measured alone."""
        with ExitStack() as stack:
            try:
                for contender in self._contenders:
                    self._start(contender, stack)
                self._generator = self._make_generator(self._generators)
            except BaseException:
                self._terminate()
                raise
            # Not when a start was interrupted: then the servers are stopped here.
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the load generator and the servers."""
        with self._stack:
            self._generator.close()
            self._terminate()

    def replace_generator(self, count: int) -> None:
        """Stop the load generator and start one with this number of processes."""
        self._generator.close()
        self._generator = self._make_generator(count)

    def run(self, order: SliceOrder) -> MeasuredSlice:
        """Put load on one server.

        Raises:
            LoadError: The load generator failed.
            ServerError: The server has exited.
        """
        server, usage = self._servers[order.contender], self._usage[order.contender]
        before = usage.cpu_seconds()
        result = self._generator.run(order)
        server.check_alive(grace=GRACE_SECONDS if result.failures else 0)
        return MeasuredSlice(result, usage.cpu_seconds() - before, usage.memory())

    def _make_generator(self, count: int) -> Generator:
        urls = {name: server.url for name, server in self._servers.items()}
        return Generator(self._scenario, self._users, urls, count)

    def _start(self, contender: Contender, stack: ExitStack) -> None:
        environment = {**contender.server.environment, **self._environment}
        started = time.perf_counter()
        server = stack.enter_context(Server(replace(contender.server, environment=environment)))
        try:
            server.wait_until_ready()
        except ServerError as error:
            self.errors[contender.name] = str(error)
            return
        seconds = time.perf_counter() - started
        usage = ResourceUsage(server.process.pid)
        if self._processes > 1:
            # The first worker process sends the first response. The others start meanwhile.
            _wait_until_idle(usage)
        self.starts[contender.name] = Start(seconds, usage.memory())
        self._servers[contender.name], self._usage[contender.name] = server, usage

    def _terminate(self) -> None:
        """Send all servers the signal first, so that they stop at the same time."""
        for server in self._servers.values():
            server.terminate()


def _wait_until_idle(usage: ResourceUsage) -> None:
    """Wait until a server's processes use no processor time, for a limited time."""
    deadline = time.monotonic() + START_SECONDS
    before, now = -1.0, usage.cpu_seconds()
    while now > before and time.monotonic() < deadline:
        time.sleep(IDLE_SECONDS)
        before, now = now, usage.cpu_seconds()

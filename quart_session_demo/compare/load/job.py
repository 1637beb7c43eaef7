"""What the load generator is told, and what it returns: each as one JSON object."""

import msgspec

from quart_session_demo.compare.load.scenarios import Work


class Job(msgspec.Struct, frozen=True):
    """A measurement to make.

    Attributes:
        url: The server's.
        pid: Its process.
        users: How many work at once.
        work: What they do.
        warm_up: Seconds in which they work before it counts.
        duration: Seconds that count.
    """

    url: str
    pid: int
    users: int
    work: Work
    warm_up: float
    duration: float


class Window(msgspec.Struct, frozen=True):
    """What happened in the seconds that count.

    Attributes:
        requests_per_second: The right replies to what is counted.
        p50: Milliseconds that half of them took at most, and so on. A request that is still
            unanswered at the end counts with the time that it has waited so far.
        p95: The same.
        p99: The same.
        failures: How often each thing went wrong.
        cpu_ms: The server's processor time for each request, in milliseconds.
        peak_memory: The most memory that the server used, in bytes.
        generator_busy: The load generator's own processor time as a part of the time.
    """

    requests_per_second: float
    p50: float | None
    p95: float | None
    p99: float | None
    failures: dict[str, int]
    cpu_ms: float | None
    peak_memory: int
    generator_busy: float

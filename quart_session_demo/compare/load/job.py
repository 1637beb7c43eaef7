"""The input and the output of the load generator, each one JSON object."""

import msgspec

from quart_session_demo.compare.load.scenarios import Scenario


class Job(msgspec.Struct, frozen=True):
    """A measurement that the load generator makes.

    Attributes:
        url: The server's URL.
        pid: The server's process id.
        users: The number of concurrent users.
        scenario: What each user does.
        warm_up: Seconds of load before the measurement.
        duration: Seconds of load that are measured.
    """

    url: str
    pid: int
    users: int
    scenario: Scenario
    warm_up: float
    duration: float


class Sample(msgspec.Struct, frozen=True):
    """What was measured during a job.

    Attributes:
        requests_per_second: Correct responses to the measured requests.
        p50: The median response time in milliseconds. A request that has no response at the end
            counts with the time that it has waited.
        p95: The 95th percentile of the same times.
        p99: The 99th percentile of the same times.
        failures: How often each failure occurred.
        cpu_ms: The server's processor time for each response, in milliseconds.
        peak_memory: The server's highest memory use, in bytes.
        generator_busy: The load generator's processor time, divided by the elapsed time.
    """

    requests_per_second: float
    p50: float | None
    p95: float | None
    p99: float | None
    failures: dict[str, int]
    cpu_ms: float | None
    peak_memory: int
    generator_busy: float

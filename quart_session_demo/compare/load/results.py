"""The results of `compare load`: every slice, with the versions and the machine."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from quart_session_demo.compare.load.machine import machine_info, package_versions
from quart_session_demo.compare.load.scenarios import Scenario


class Sample(msgspec.Struct, frozen=True):
    """What was measured in one slice of a closed loop.

    Attributes:
        block: The block, from 1.
        requests_per_second: Correct responses to the measured requests.
        p50: The median response time in milliseconds; None without a request. A request without a
            response at the end counts with the time that it has waited.
        p95: The 95th percentile of the same times.
        p99: The 99th percentile of the same times.
        failures: How often each failure occurred.
        cpu_ms: The processor time of the server's processes for each response, in milliseconds.
        memory: The memory of the server's processes after the slice, in bytes.
        generator_busy: The busiest load generator's processor time, divided by the elapsed time.
    """

    block: int
    requests_per_second: float
    p50: float | None
    p95: float | None
    p99: float | None
    failures: dict[str, int]
    cpu_ms: float | None
    memory: int
    generator_busy: float


class ContenderResult(msgspec.Struct):
    """All slices of one contender in one scenario with one number of users.

    Attributes:
        name: The contender's name, such as `quart-hypercorn`.
        title: The contender's title, such as `Quart on Hypercorn`.
        concurrency: How many requests can wait in handlers at once; None means no limit.
        start_seconds: The times from the starts of the server to its first responses.
        start_memory: The memory at these times, in bytes.
        samples: The slices, in order of their blocks.
        error: Why the contender cannot be compared: the server did not start, or it exited.
    """

    name: str
    title: str
    concurrency: int | None
    start_seconds: list[float] = msgspec.field(default_factory=list)
    start_memory: list[int] = msgspec.field(default_factory=list)
    samples: list[Sample] = msgspec.field(default_factory=list)
    error: str | None = None


class Comparison(msgspec.Struct):
    """The contenders in one scenario with one number of users, measured side by side.

    Attributes:
        scenario: The scenario's name.
        users: The number of concurrent users.
        generators: The number of processes of the load generator.
        contenders: What was measured, in the order of the contenders.
    """

    scenario: str
    users: int
    generators: int = 1
    contenders: list[ContenderResult] = msgspec.field(default_factory=list)


class RateSample(msgspec.Struct, frozen=True):
    """What was measured of one contender at one rate of requests (open loop).

    Attributes:
        scenario: The scenario's name.
        contender: The contender's name.
        title: The contender's title.
        rate: The requests per second that arrive on average.
        peak: The contender's own highest requests per second in the closed loop; None if it was
            not measured.
        requests: How many correct responses there were.
        p50: The median of the response times from the intended start, in milliseconds.
        p95: The 95th percentile of the same times.
        p99: The 99th percentile of the same times.
        p999: The 99.9th percentile of the same times.
        maximum: The longest of the same times.
        failures: How often each failure occurred.
        late_ratio: The part of the requests that the load generator sent too late.
        void: Whether the load generator fell behind its schedule, so that the times cannot be used.
    """

    scenario: str
    contender: str
    title: str
    rate: float
    peak: float | None
    requests: int
    p50: float
    p95: float
    p99: float
    p999: float
    maximum: float
    failures: dict[str, int]
    late_ratio: float
    void: bool


class RateError(msgspec.Struct, frozen=True):
    """A server that did not start, or exited, while rates of requests were measured.

    Attributes:
        scenario: The scenario's name.
        title: The contender's title.
        error: What happened, with the end of the server's log.
    """

    scenario: str
    title: str
    error: str


class Results(msgspec.Struct):
    """The content of `results.json`.

    Attributes:
        settings: The command's options.
        scenarios: The scenarios that were measured.
        started: When the run began, in UTC.
        versions: The versions of Python, the packages and the database.
        machine: What the run was made on.
        notes: What limits the reliability of the figures, such as a busy machine.
        ceiling: The requests per second that one load generator reaches against a static server.
        skipped: Why a scenario was not measured, by the scenario's name.
        seconds: How long the run took.
        complete: False if the run was interrupted.
        comparisons: The closed loops.
        rates: The open loops.
        rate_errors: The servers that have no open loops because they exited.
    """

    settings: dict[str, str]
    scenarios: tuple[Scenario, ...]
    started: str = msgspec.field(
        default_factory=lambda: datetime.now(UTC).isoformat(timespec='seconds')
    )
    versions: dict[str, str] = msgspec.field(default_factory=package_versions)
    machine: dict[str, str] = msgspec.field(default_factory=machine_info)
    notes: list[str] = msgspec.field(default_factory=list)
    ceiling: float | None = None
    skipped: dict[str, str] = msgspec.field(default_factory=dict)
    seconds: float = 0
    complete: bool = False
    comparisons: list[Comparison] = msgspec.field(default_factory=list)
    rates: list[RateSample] = msgspec.field(default_factory=list)
    rate_errors: list[RateError] = msgspec.field(default_factory=list)

    @property
    def has_measurements(self) -> bool:
        """Whether anything was measured."""
        return bool(self.rates or self.rate_errors) or any(
            contender.samples or contender.error
            for comparison in self.comparisons
            for contender in comparison.contenders
        )

    @property
    def succeeded(self) -> bool:
        """Whether the run is complete, no server exited and every response was correct."""
        measured = [item for comparison in self.comparisons for item in comparison.contenders]
        return (
            self.complete
            and not self.rate_errors
            and not any(item.error for item in measured)
            and not any(sample.failures for item in measured for sample in item.samples)
            and not any(sample.failures for sample in self.rates)
        )


def encode(results: Results) -> bytes:
    """Return the results as JSON, as in `results.json`."""
    return msgspec.json.encode(results) + b'\n'


def read(path: Path) -> Results:
    """Read a `results.json`.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is not the JSON of `Results`.
    """
    return msgspec.json.decode(path.read_bytes(), type=Results)

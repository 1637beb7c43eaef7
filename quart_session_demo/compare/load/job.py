"""The messages between `compare load` and its load generator: one JSON object a line."""

import msgspec

from quart_session_demo.compare.load.scenarios import Scenario

#: A request that is sent more than this number of seconds after its intended start is late.
LATE_SECONDS = 0.01


class Job(msgspec.Struct, frozen=True):
    """What a load generator does; the first line of its standard input.

    Attributes:
        scenario: What each user does.
        users: The number of concurrent users of this generator.
        first_number: The number of its first user. Every tenth number is a background user.
        urls: The servers' URLs, by the contender's name.
    """

    scenario: Scenario
    users: int
    first_number: int
    urls: dict[str, str]


class SliceOrder(msgspec.Struct, frozen=True):
    """A short time of load on one server; each further line of the standard input.

    Attributes:
        contender: The server's name in `Job.urls`.
        warm_up: Seconds of load before the measurement.
        seconds: Seconds of load that are measured.
        rate: The requests per second that arrive, whether the server responds or not (open loop).
            None means that each user sends a request as soon as it has a response (closed loop).
        seed: The seed of the random times of arrival.
    """

    contender: str
    warm_up: float
    seconds: float
    rate: float | None = None
    seed: int = 0


class SliceResult(msgspec.Struct, frozen=True):
    """What the load generator measured in a slice; each line of its standard output.

    Attributes:
        requests: Correct responses to the measured requests. In a closed loop those that arrived
            during `seconds`; in an open loop those to requests that were to start then.
        seconds: How long the measurement really took; in an open loop the length of the schedule.
        latencies: The response times in microseconds, as an encoded HdrHistogram. A request
            without a response counts with the time that it has waited so far.
        responses: All responses since the order, with those of the warm-up, of background users
            and those that arrived after the measurement.
        failures: How often each failure occurred since the order, also during the warm-up.
        busy: The generator's processor time, divided by the elapsed time.
        late_ratio: The part of the measured requests that this process sent more than
            `LATE_SECONDS` after their intended start although a user was idle, or because it had
            no processor time; 0 in a closed loop.
    """

    requests: int
    seconds: float
    latencies: str
    responses: int
    failures: dict[str, int]
    busy: float
    late_ratio: float = 0

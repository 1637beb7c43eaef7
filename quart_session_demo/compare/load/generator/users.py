"""The simulated users of a scenario on one server."""

import time
from collections import Counter

from quart_session_demo.compare.harness.client import SimulatedUser
from quart_session_demo.compare.load.generator.connection import (
    Connection,
    NoResponseError,
    Response,
)
from quart_session_demo.compare.load.generator.cookie_state import CookieState
from quart_session_demo.compare.load.generator.exchanges import (
    PreparedExchange,
    Script,
    text_headers,
)
from quart_session_demo.compare.load.generator.request_encoder import RequestError
from quart_session_demo.compare.load.latency import LatencyHistogram
from quart_session_demo.compare.load.scenarios import BACKGROUND_INTERVAL, Scenario

#: The cookies of a user that has none.
NO_COOKIES = CookieState()


class ResponseStats:
    """The responses of all users of a server.

    Attributes:
        responses: The number of responses since the beginning of an order.
        failures: How often each failure occurred since the end of the order before.
        latencies: The response times of the measured requests; None while nothing is measured.
    """

    def __init__(self) -> None:
        """Start empty."""
        self.latencies: LatencyHistogram | None = None
        self.responses = 0
        self.failures: Counter[str] = Counter()

    def take_failures(self) -> dict[str, int]:
        """Return the failures, the most frequent first, and start anew."""
        failures, self.failures = self.failures, Counter()
        return dict(failures.most_common())


class LoadUser:
    """One concurrent user, with one connection.

    If a steps file describes several users, this user makes the requests of all of them in turn,
    with separate cookies and captured values for each.

    Attributes:
        is_background: Whether it is a background user, which is not measured.
        sent_at: When the request that has no response yet was sent; None if there is none.
        received_at: When the last response was complete, or failed.
    """

    def __init__(
        self,
        script: Script,
        connection: Connection,
        stats: ResponseStats,
        *,
        is_background: bool = False,
    ) -> None:
        """Make a user that has not sent anything yet."""
        self.is_background = is_background
        self.sent_at: float | None = None
        self.received_at = 0.0
        self._script = script
        self._connection = connection
        self._stats = stats
        self._position = 0
        self._restart()

    @property
    def upcoming(self) -> PreparedExchange:
        """The exchange that is next or, while a request is in flight, the current one."""
        return self._script.exchanges[self._position]

    @property
    def is_measured(self) -> bool:
        """Whether the upcoming exchange is measured."""
        return not (self.is_background or self.upcoming.is_setup)

    async def exchange(self) -> bool:
        """Make the next request, and return whether the response is correct.

        After a failure, and after the last exchange of a scenario without a setup, the user
        begins again with no cookies.
        """
        prepared = self.upcoming
        self.sent_at = sent_at = time.perf_counter()
        try:
            problem = await self._send(prepared)
        finally:
            self.sent_at = None
        if problem:
            self._stats.failures[problem] += 1
            self._restart()
            return False
        if self._stats.latencies is not None and self.is_measured:
            self._stats.latencies.record(self.received_at - sent_at)
        self._position += 1
        if self._position == len(self._script.exchanges):
            self._position = self._script.repeated
            if not self._position:
                self._restart()
        return True

    async def _send(self, prepared: PreparedExchange) -> str | None:
        """Make a request, and return what is wrong with the response, or None."""
        step = prepared.exchange.step
        if step.user not in self._simulated:
            self._simulated[step.user] = SimulatedUser(NO_COOKIES.jar)
        user = self._simulated[step.user]
        cookies = self._cookies.get(step.user, NO_COOKIES)
        try:
            request = prepared.encoder.encode(user, cookies)
            response = await self._connection.send(request.content, is_head=step.method == 'HEAD')
        except (NoResponseError, RequestError) as error:
            self.received_at = time.perf_counter()
            return f'{step.name}: no response: {error}'
        self.received_at = response.received_at
        self._stats.responses += 1
        if set_cookies := _set_cookies(response):
            cookies = cookies.after(request.host, request.path, set_cookies)
            self._cookies[step.user] = cookies
            user.jar = cookies.jar
        return prepared.check(response, user)

    def _restart(self) -> None:
        self._position = 0
        self._simulated: dict[str, SimulatedUser] = {}
        self._cookies: dict[str, CookieState] = {}


def make_users(
    scenario: Scenario,
    count: int,
    first_number: int,
    address: tuple[str, int],
    stats: ResponseStats,
) -> list[LoadUser]:
    """Return the users of a server.

    Args:
        scenario: What they do.
        count: How many users there are.
        first_number: The number of the first one.
        address: The server's host and port.
        stats: Counts the responses to all of them.
    """
    script = Script(scenario.setup, scenario.exchanges)
    background = Script(scenario.setup, scenario.background)
    users = []
    for number in range(first_number, first_number + count):
        is_background = bool(scenario.background) and number % BACKGROUND_INTERVAL == 0
        users.append(
            LoadUser(
                background if is_background else script,
                Connection(*address),
                stats,
                is_background=is_background,
            )
        )
    return users


def _set_cookies(response: Response) -> tuple[str, ...]:
    values = [value for name, value in response.headers if name.lower() == b'set-cookie']
    try:
        return tuple([value.decode('ascii') for value in values])
    except UnicodeDecodeError:
        headers = text_headers(response)
        return tuple(value for name, value in headers if name == 'set-cookie')

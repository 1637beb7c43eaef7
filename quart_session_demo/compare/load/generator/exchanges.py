"""The exchanges of a scenario, with what is computed once for all users."""

from collections.abc import Sequence

import httpx

from quart_session_demo.compare.harness.client import SimulatedUser
from quart_session_demo.compare.harness.recording import body_text
from quart_session_demo.compare.load.generator.connection import Response
from quart_session_demo.compare.load.generator.request_encoder import RequestEncoder
from quart_session_demo.compare.load.scenarios import Exchange


class PreparedExchange:
    """An exchange of a scenario, with what is computed once for all users.

    Attributes:
        exchange: The exchange.
        is_setup: Whether it is part of the setup.
        encoder: Encodes its requests.
    """

    def __init__(self, exchange: Exchange, *, is_setup: bool = False) -> None:
        """Prepare an exchange."""
        self.exchange = exchange
        self.is_setup = is_setup
        self.encoder = RequestEncoder(exchange.step)
        self._has_captures = bool(exchange.step.capture or exchange.step.random)
        self._body = None if exchange.body is None else exchange.body.encode(errors='replace')

    def check(self, response: Response, user: SimulatedUser) -> str | None:
        """Return how a response differs from the expected one, or None.

        Call it after the response's cookies are stored: it also stores the captured values.
        """
        content = response.body
        if any(name.lower() == b'content-encoding' for name, _ in response.headers):
            try:
                content = _decompress(response)
            except httpx.DecodingError:
                return f'{self.exchange.step.name}: the body cannot be decompressed'
        missing = self._capture(response, content, user) if self._has_captures else None
        if content == self._body and response.status == self.exchange.status:
            # Most responses are equal without their random values, and need no longer search.
            return missing
        problem = self.exchange.problem(response.status, body_text(content), user.random)
        return problem or missing

    def _capture(self, response: Response, content: bytes, user: SimulatedUser) -> str | None:
        step = self.exchange.step
        captures = user.capture(step, text_headers(response), content)
        missing = next((name for name in step.capture if name not in captures), None)
        return None if missing is None else f'{step.name}: capture {missing!r} found nothing'


class Script:
    """The exchanges of a user in order.

    Attributes:
        exchanges: The setup, and then what is repeated.
        repeated: Where the repetition begins: at the first exchange of those that are repeated.
    """

    def __init__(self, setup: Sequence[Exchange], exchanges: Sequence[Exchange]) -> None:
        """Prepare the exchanges."""
        self.exchanges = [
            *(PreparedExchange(exchange, is_setup=True) for exchange in setup),
            *(PreparedExchange(exchange) for exchange in exchanges),
        ]
        self.repeated = len(setup)


def text_headers(response: Response) -> list[tuple[str, str]]:
    """Return the headers as the client of a parity run gives them."""
    return httpx.Headers(response.headers).multi_items()


def _decompress(response: Response) -> bytes:
    stream = httpx.ByteStream(response.body)
    return httpx.Response(response.status, headers=response.headers, stream=stream).read()

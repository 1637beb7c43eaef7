"""The body of a streamed response, at whose end a session is saved again."""

import asyncio
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any

from quart.wrappers.response import IterableBody


class StreamBody(IterableBody):
    """A streamed body that calls a function at its end, also if the client closes the connection.

    The headers are sent before the body. What the stream changes in a session is saved at its end.
    """

    def __init__(
        self,
        body: IterableBody,
        at_begin: Callable[[], None],
        at_end: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        """Wrap a body.

        Args:
            body: The body.
            at_begin: What to call before it.
            at_end: What to await after it.
        """
        super().__init__(body)
        self._body = body
        self._at_begin = at_begin
        self._at_end = at_end

    async def __aenter__(self) -> IterableBody:
        """Begin the body."""
        self._at_begin()
        return await self._body.__aenter__()

    async def __aexit__(self, exc_type: type, exc_value: BaseException, tb: TracebackType) -> None:
        """End the body, also if it raised an error."""
        try:
            await self._body.__aexit__(exc_type, exc_value, tb)
        finally:
            await _finish(self._at_end())


async def _finish(step: Coroutine[Any, Any, None]) -> None:
    """Await a step to its end, also if the request is canceled again meanwhile.

    A server that stops cancels all tasks, and on Python 3.11 also those that wait for them, which
    cancel a stream a second time.
    """
    task = asyncio.ensure_future(step)
    canceled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            canceled = error
    if canceled is not None:
        raise canceled
    task.result()

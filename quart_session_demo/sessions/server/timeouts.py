"""A timeout that does not count the time in which this process was too busy to read a response."""

import asyncio
from types import TracebackType

#: Into how many parts a timeout is divided. Each part takes at least one turn of the event loop.
PARTS = 10
#: A part counts if the event loop notices its end this soon, in seconds. Then the loop was idle.
PUNCTUAL_SECONDS = 0.002
#: How long an attempt may take while the event loop is never idle, as a multiple of the timeout.
BUSY_FACTOR = 1.5
#: How long the event loop may still deliver a response after the timeout, in seconds.
GRACE_SECONDS = 0.001


class _ResponsiveTimeout:
    # Not a generator, which would take twice as long: this runs for each command.
    def __init__(self, seconds: float, busy_factor: float) -> None:
        self._part_seconds = seconds / PARTS
        self._loop = asyncio.get_running_loop()
        self._latest = self._loop.time() + busy_factor * seconds
        self._limit = asyncio.timeout(None)
        self._parts = self._idle_parts = 0

    async def __aenter__(self) -> None:
        await self._limit.__aenter__()
        self._timer = self._loop.call_later(self._part_seconds, self._end_part)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        await self._limit.__aexit__(kind, error, trace)

    def _end_part(self) -> None:
        now = self._loop.time()
        self._parts += 1
        self._idle_parts += now - self._timer.when() <= PUNCTUAL_SECONDS
        if self._idle_parts == PARTS or (self._parts >= PARTS and now >= self._latest):
            self._limit.reschedule(now + GRACE_SECONDS)
        else:
            self._timer = self._loop.call_later(self._part_seconds, self._end_part)


def responsive_timeout(seconds: float, *, busy_factor: float = BUSY_FACTOR) -> _ResponsiveTimeout:
    """Return a context manager that limits the time of a block in an event loop that is not busy.

    With `asyncio.timeout`, a process or machine that is busy with other work fails requests whose
    response has arrived, or whose command was never sent. Here only the time counts in which the
    event loop was idle. If it is never idle, the block may take `busy_factor` times as long, and at
    least ten turns of the event loop. When the time is over, the block is cancelled, and the
    context manager raises TimeoutError.

    Args:
        seconds: The timeout if the event loop runs without delay.
        busy_factor: The longest time if the event loop is never idle, as a multiple of the timeout.
    """
    return _ResponsiveTimeout(seconds, busy_factor)

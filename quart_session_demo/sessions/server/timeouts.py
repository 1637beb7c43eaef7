"""A timeout that does not count the time in which this process was too busy to read a response."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

#: Into how many parts a timeout is divided. Each part takes at least one turn of the event loop.
PARTS = 10
#: A part counts if the event loop notices its end this soon, in seconds. Then the loop was idle.
PUNCTUAL_SECONDS = 0.002
#: How long an attempt may take while the event loop is never idle, as a multiple of the timeout.
BUSY_FACTOR = 1.5
#: How long the event loop may still deliver a response after the timeout, in seconds.
GRACE_SECONDS = 0.001


@asynccontextmanager
async def responsive_timeout(
    seconds: float, *, busy_factor: float = BUSY_FACTOR
) -> AsyncIterator[None]:
    """Raise TimeoutError if the block takes longer while the event loop runs without delay.

    With `asyncio.timeout`, a process or machine that is busy with other work fails requests whose
    response has arrived, or whose command was never sent. Here only the time counts in which the
    event loop was idle. If it is never idle, the block may take `busy_factor` times as long, and at
    least ten turns of the event loop.

    Args:
        seconds: The timeout if the event loop runs without delay.
        busy_factor: The longest time if the event loop is never idle, as a multiple of the timeout.

    Raises:
        TimeoutError: The time is over. The block was cancelled.
    """
    loop = asyncio.get_running_loop()
    latest = loop.time() + busy_factor * seconds
    timer: asyncio.TimerHandle | None = None
    parts = idle_parts = 0
    async with asyncio.timeout(None) as limit:

        def end_part() -> None:
            nonlocal parts, idle_parts, timer
            now = loop.time()
            parts += 1
            # The timer exists, because this function is its callback.
            idle_parts += timer is not None and now - timer.when() <= PUNCTUAL_SECONDS
            if idle_parts == PARTS or (parts >= PARTS and now >= latest):
                limit.reschedule(now + GRACE_SECONDS)
            else:
                timer = loop.call_later(seconds / PARTS, end_part)

        timer = loop.call_later(seconds / PARTS, end_part)
        try:
            yield
        finally:
            timer.cancel()

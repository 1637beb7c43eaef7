"""A timeout that does not count the time in which this process was too busy to read a response."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

#: Into how many parts a timeout is divided. Each part takes at least one turn of the event loop.
PARTS = 10
#: How long the event loop may still deliver a response after the timeout, in seconds.
GRACE_SECONDS = 0.001


@asynccontextmanager
async def responsive_timeout(seconds: float) -> AsyncIterator[None]:
    """Raise TimeoutError if the block takes longer while the event loop runs without delay.

    With `asyncio.timeout` a machine that is busy with other work fails requests whose response has
    arrived: the event loop handles the timeout before the response. Here each delay of the event
    loop counts as a tenth of the timeout at most.

    Args:
        seconds: The timeout if the event loop runs without delay.

    Raises:
        TimeoutError: The time is over. The block was cancelled.
    """
    loop = asyncio.get_running_loop()
    timer: asyncio.TimerHandle | None = None
    async with asyncio.timeout(None) as limit:

        def start_part(parts_left: int) -> None:
            nonlocal timer
            if parts_left:
                timer = loop.call_later(seconds / PARTS, start_part, parts_left - 1)
            else:
                limit.reschedule(loop.time() + GRACE_SECONDS)

        start_part(PARTS)
        try:
            yield
        finally:
            if timer is not None:
                timer.cancel()

"""Resources of event loops, and the timeout that does not count a busy process."""

import asyncio
import time
from contextlib import AbstractAsyncContextManager

import pytest

from quart_session_demo.sessions.server.loops import LoopResources
from quart_session_demo.sessions.server.timeouts import responsive_timeout


class Resources:
    """Counts the resources that are created and closed."""

    def __init__(self) -> None:
        self.created: list[object] = []
        self.closed: list[object] = []
        self.loops = LoopResources(self.create, self.close)

    def create(self) -> object:
        resource = object()
        self.created.append(resource)
        return resource

    async def close(self, resource: object) -> None:
        # In the loop of the resource, which still runs.
        await asyncio.sleep(0)
        self.closed.append(resource)


@pytest.fixture
def resources() -> Resources:
    return Resources()


def test_each_loop_has_its_resource(resources: Resources) -> None:
    """All tasks of an event loop get the same resource, and each loop another one."""

    async def use() -> None:
        found = await asyncio.gather(*(resources.loops.get() for _ in range(5)))
        assert set(found) == {resources.created[-1]}

    for _ in range(3):
        asyncio.run(use())

    assert len(resources.created) == 3


def test_asyncio_run_closes_the_resource(resources: Resources) -> None:
    """`asyncio.run` closes the resource of its event loop, also after an error."""

    async def use() -> None:
        await resources.loops.get()
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        asyncio.run(use())

    assert resources.closed == resources.created
    assert len(resources.created) == 1


async def test_closed_resource_is_replaced(resources: Resources) -> None:
    """After `close`, which works twice, the next use creates another resource."""
    first = await resources.loops.get()
    await resources.loops.close()
    await resources.loops.close()
    second = await resources.loops.get()

    assert resources.closed == [first]
    assert resources.created == [first, second]


def test_closed_loop_is_dropped(resources: Resources) -> None:
    """A loop that was closed without its shutdown is forgotten at the next use."""
    for _ in range(3):
        loop = asyncio.new_event_loop()
        loop.run_until_complete(resources.loops.get())
        loop.close()

    # The one of this loop, and none of the others.
    assert len(resources.loops) == 1


async def test_timeout_ends_a_block_that_hangs() -> None:
    """A block that waits forever is cancelled and raises TimeoutError."""
    with pytest.raises(TimeoutError):
        async with responsive_timeout(0.01):
            await asyncio.Event().wait()


async def test_timeout_counts_no_delay_of_the_loop() -> None:
    """A block is not cancelled because the process was busy, where `asyncio.timeout` is."""

    async def answer_slowly(limit: AbstractAsyncContextManager[object]) -> str:
        async with limit:
            # As many turns of the event loop as a new connection and a command need.
            for _ in range(5):
                time.sleep(0.05)  # noqa: ASYNC251
                await asyncio.sleep(0)
            return 'answer'

    with pytest.raises(TimeoutError):
        await answer_slowly(asyncio.timeout(0.05))
    assert await answer_slowly(responsive_timeout(0.05)) == 'answer'


async def test_timeout_leaves_a_cancellation_alone() -> None:
    """A block that is cancelled from outside raises CancelledError, and no timer remains."""

    async def wait() -> None:
        async with responsive_timeout(10):
            await asyncio.Event().wait()

    task = asyncio.ensure_future(wait())
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task

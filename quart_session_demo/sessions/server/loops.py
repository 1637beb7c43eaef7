"""One resource for each event loop, such as a pool of connections, which closes with its loop."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar('T')


class LoopResources(Generic[T]):
    """The resources of all event loops that use a store.

    A connection belongs to the event loop that opened it. An app may run in several, one after
    another: each `asyncio.run`, and in most test suites each test, has its own.
    """

    def __init__(self, create: Callable[[], T], close: Callable[[T], Awaitable[None]]) -> None:
        """Create nothing yet.

        Args:
            create: Returns the resource for the running event loop.
            close: Closes a resource, in its event loop and in bounded time.
        """
        self._create = create
        self._close = close
        self._by_loop: dict[asyncio.AbstractEventLoop, tuple[T, AsyncGenerator[None]]] = {}

    def __len__(self) -> int:
        """Return for how many event loops there is a resource."""
        return len(self._by_loop)

    async def get(self) -> T:
        """Return the resource of the running event loop; create it at the first call."""
        loop = asyncio.get_running_loop()
        if loop not in self._by_loop:
            # Such a loop ended without `shutdown_asyncgens`. Its connections cannot be closed, but
            # are freed.
            for other in [other for other in self._by_loop if other.is_closed()]:
                del self._by_loop[other]
            resource = self._create()
            closer = self._close_with_loop(loop, resource)
            self._by_loop[loop] = resource, closer
            await anext(closer)
        return self._by_loop[loop][0]

    async def close(self) -> None:
        """Close the resource of the running event loop; a later `get` creates another."""
        entry = self._by_loop.get(asyncio.get_running_loop())
        if entry is not None:
            await entry[1].aclose()

    async def _close_with_loop(
        self, loop: asyncio.AbstractEventLoop, resource: T
    ) -> AsyncGenerator[None]:
        # `asyncio.run` closes all started async generators before it closes its event loop. So this
        # one closes the resource, even if the app's shutdown functions never run.
        try:
            yield
        finally:
            self._by_loop.pop(loop, None)
            await self._close(resource)

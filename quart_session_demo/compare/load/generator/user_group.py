"""All users of one server: they start, stop and wait together."""

import asyncio
import random
import time
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from quart_session_demo.compare.load.generator.users import LoadUser, ResponseStats, make_users
from quart_session_demo.compare.load.job import Job

#: Limits the number of requests to a server that refuses all of them immediately.
FAILURE_PAUSE_SECONDS = 0.1
#: How long all users may take for the setup before the load begins without the late ones.
SETUP_SECONDS = 10
#: How long requests in flight may take after a slice, so that the next server is undisturbed.
DRAIN_SECONDS = 0.5
#: How often the end of the requests in flight is checked.
DRAIN_INTERVAL_SECONDS = 0.01


class UserGroup:
    """The users of a server, each with at most one task that sends its requests.

    A task is never canceled: its request stays in flight, and the user's next task waits for it.

    Attributes:
        users: The users.
        stats: The responses to all of them since the last order.
    """

    def __init__(self, job: Job, contender: str) -> None:
        """Make the users of a contender; they have no connection yet."""
        url = urlsplit(job.urls[contender])
        assert url.hostname  # noqa: S101 - the URL of our own server
        self.stats = ResponseStats()
        self.users = make_users(
            job.scenario, job.users, job.first_number, (url.hostname, url.port or 80), self.stats
        )
        self._tasks: dict[LoadUser, asyncio.Task[None]] = {}
        self._is_set_up = False

    def start(self, user: LoadUser, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start work of a user as soon as its earlier work has ended."""
        earlier = self._tasks.get(user)
        if earlier is not None and not earlier.done():
            work = _in_turn(earlier, work)
        self._tasks[user] = task = asyncio.ensure_future(work)
        return task

    async def set_up(self) -> None:
        """Make the setup requests of all users before the first order, for a limited time.

        A user that begins again later makes them between its other requests.
        """
        tasks = [self.start(user, _set_up(user)) for user in self.users if user.upcoming.is_setup]
        if tasks and not self._is_set_up:
            await asyncio.wait(tasks, timeout=SETUP_SECONDS)
        self._is_set_up = True

    async def repeat(self, user: LoadUser, stop: asyncio.Event, stagger: float) -> None:
        """Make a user's requests one after the other until an event.

        The first one begins after a random pause, so that not all users send at once.

        Args:
            user: The user.
            stop: The event. A request in flight stays in flight; a pause ends.
            stagger: The longest pause before a first request whose step has no wait, in seconds.
        """
        share = random.random()  # noqa: S311 - no secret
        pause = share * (user.upcoming.exchange.step.wait or stagger)
        while not stop.is_set():
            if pause:
                await _pause(pause, stop)
                if stop.is_set():
                    return
            if not await user.exchange():
                await _pause(FAILURE_PAUSE_SECONDS, stop)
            pause = user.upcoming.exchange.step.wait

    async def drain(self) -> None:
        """Wait until no request is in flight, for a limited time.

        Raises:
            Exception: The work of a user has failed, which no response can cause.
        """
        deadline = time.perf_counter() + DRAIN_SECONDS
        while any(user.sent_at is not None for user in self.users):
            if time.perf_counter() > deadline:
                break
            await asyncio.sleep(DRAIN_INTERVAL_SECONDS)
        for task in self._tasks.values():
            if task.done():
                task.result()


async def _pause(seconds: float, stop: asyncio.Event) -> None:
    """Wait for a time, or until the event."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()


async def _set_up(user: LoadUser) -> None:
    while user.upcoming.is_setup:
        if not await user.exchange():
            return


async def _in_turn(earlier: asyncio.Task[None], work: Coroutine[Any, Any, None]) -> None:
    try:
        await earlier
    except BaseException:
        work.close()
        raise
    await work

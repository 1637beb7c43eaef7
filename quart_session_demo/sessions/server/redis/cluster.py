"""Connections to a Redis Cluster: each command goes to the node that serves its session."""

import asyncio
import random
import secrets
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from redis.asyncio import ConnectionPool
from redis.exceptions import AskError, ClusterDownError, MovedError

from quart_session_demo.sessions.server.connection_queue import BUSY_FACTOR, WAIT_FACTOR
from quart_session_demo.sessions.server.loops import LoopResources
from quart_session_demo.sessions.server.redis.cluster_clients import ClusterClients
from quart_session_demo.sessions.server.redis.cluster_commands import (
    NO_OWNER,
    asking,
    slot_map,
    with_redirection,
)
from quart_session_demo.sessions.server.redis.connections import (
    Command,
    RedisConnections,
    Runner,
)
from quart_session_demo.sessions.server.redis.slots import (
    Address,
    SlotMap,
    redirected_to,
    slot_of,
)
from quart_session_demo.sessions.server.store import StoreError
from quart_session_demo.sessions.server.timeouts import responsive_timeout

T = TypeVar('T')

#: How often a command is sent to a node, the same or another, before it fails.
MAX_REDIRECTIONS = 8
#: How many of the known nodes are asked at the same time who serves what, besides those that the
#: settings name. The first response counts.
ASKED_NODES = 3


@dataclass
class _Node:
    connections: RedisConnections
    #: How many commands use it now.
    users: int = 0


class ClusterConnections:
    """The connections to all nodes of a Redis Cluster.

    They are used like `RedisConnections`, of which each node has its own. So a node that fails or
    hangs affects the sessions on this node only.

    redis-py's own cluster client is not used: it sends ASKING and the command that follows on
    different connections, disconnects the commands of others when the cluster changes, sleeps
    between attempts, and reuses a connection without a check for an unread response.
    """

    def __init__(self, clients: ClusterClients, *, timeout: float, max_connections: int) -> None:
        """Connect to nothing.

        Args:
            clients: Makes the clients for each node.
            timeout: The seconds for each attempt to reach a node, connecting included.
            max_connections: The largest number of connections to each node, in each event loop.
        """
        self.clients = clients
        self._timeout = timeout
        self._max_connections = max_connections
        self._nodes: dict[Address, _Node] = {}
        self._slots = SlotMap()
        # Why the slots could not be read the last time, for callers who waited.
        self._read_error: str | None = None
        # Counts the attempts to read the slots, so that callers who wait share one.
        self._reads = 0
        self._locks = LoopResources(asyncio.Lock, _release)

    @property
    def pools(self) -> list[ConnectionPool]:
        """A pool for each known node, with no connection: `check-deploy` reads the options."""
        # The nodes may be on another host than the one in the settings.
        addresses = self.clients.start | self._slots.nodes
        return [pool for address in addresses for pool in self.clients.at(address).pools]

    @property
    def repeat_seconds(self) -> float:
        """The longest time between two attempts to send the same command."""
        # An attempt at the old node, a look at the slots, a wait until the nodes agree, and a wait
        # for a connection to the new node while the event loop is never idle.
        return (BUSY_FACTOR * WAIT_FACTOR + 6) * self._timeout

    async def run(self, command: Command[T], key: str | None = None) -> T:
        """Return the result of a command from the node that serves a key.

        If this node fails, and another serves the key now, the command is sent there.

        Args:
            command: Sends the command. It may be called again, also with another node.
            key: The key; None for a random node. The command then uses a key that
                `LoopConnections.owns` accepts.

        Raises:
            StoreError: The node failed, refused the command, or did not respond in time.
        """
        slot = secrets.randbelow(len(self._slots.owners)) if key is None else slot_of(key)
        return await self._run_in_slot(command, slot)

    async def each(self) -> list[Runner]:
        """Return what runs commands on each primary.

        Raises:
            StoreError: A part of the slots has no primary.
        """
        await self._read_slots()
        if None in self._slots.owners:
            raise StoreError(NO_OWNER)
        return [partial(self._run_in_slot, slot=slot) for slot in self._slots.some_slots()]

    async def run_on_each(self, command: Command[T]) -> list[T]:
        """Return the result of a command from each primary.

        Raises:
            StoreError: A primary failed, or a part of the slots has none.
        """
        results = await asyncio.gather(
            *(run(command) for run in await self.each()), return_exceptions=True
        )
        done = []
        for result in results:
            if isinstance(result, BaseException):
                raise result
            done.append(result)
        return done

    async def group(self, keys: Iterable[str]) -> list[list[str]]:
        """Return keys in groups that one node serves each, as far as it is known.

        Raises:
            StoreError: No node responds.
        """
        if None in self._slots.owners:
            await self._read_slots()
        groups = defaultdict[Address | None, list[str]](list)
        for key in keys:
            groups[self._slots.owners[slot_of(key)]].append(key)
        return list(groups.values())

    async def close(self) -> None:
        """Close the connections of the current event loop."""
        await asyncio.gather(*(node.connections.close() for node in self._nodes.values()))
        await self._locks.close()

    async def _run_in_slot(self, command: Command[T], slot: int) -> T:
        has_failed = False
        for _ in range(MAX_REDIRECTIONS):
            owner = self._slots.owners[slot] or await self._find_owner(slot)
            if owner is None:
                await self._wait_for_owner()
                continue
            try:
                result = await self._run_at(owner, with_redirection(command))
                if isinstance(result, AskError) and not isinstance(result, MovedError):
                    # The slot is being moved, and the key is not there any more.
                    target = redirected_to(result, owner)
                    result = await self._run_at(target, with_redirection(asking(command)))
            except StoreError:
                if has_failed or not await self._has_new_owner(slot, owner):
                    raise
                has_failed = True
                continue
            if isinstance(result, ClusterDownError):
                await self._wait_for_owner()
                continue
            if not isinstance(result, AskError):
                return result
            if isinstance(result, MovedError):
                self._slots.move(result, owner)
                # A command with a key of its own may use another slot.
                slot = result.slot_id
        raise StoreError(NO_OWNER)

    async def _wait_for_owner(self) -> None:
        # In a failover, other nodes may learn that the old primary has no slots before they learn
        # that the new one has them.
        await asyncio.sleep(self._timeout / MAX_REDIRECTIONS)

    async def _run_at(self, address: Address, command: Command[T]) -> T:
        if address not in self._nodes:
            self._nodes[address] = _Node(
                RedisConnections(
                    self.clients.at(address),
                    timeout=self._timeout,
                    max_connections=self._max_connections,
                    owns=lambda key: self._slots.accepts(address, key),
                )
            )
        node = self._nodes[address]
        node.users += 1
        try:
            return await node.connections.run(command)
        finally:
            node.users -= 1

    async def _find_owner(self, slot: int) -> Address | None:
        await self._read_slots()
        if self._read_error is not None:
            raise StoreError(self._read_error)
        return self._slots.owners[slot]

    async def _has_new_owner(self, slot: int, failed: Address) -> bool:
        with suppress(StoreError, TimeoutError):
            async with responsive_timeout(self._timeout):
                await self._read_slots()
        return self._slots.owners[slot] not in (failed, None)

    async def _read_slots(self) -> None:
        reads = self._reads
        async with await self._locks.get():
            # Somebody else read them during the wait for the lock.
            if self._reads != reads:
                return
            try:
                self._slots = await self._first_slot_map()
                self._read_error = None
            except StoreError as error:
                self._read_error = str(error)
                raise
            finally:
                self._reads += 1
            await self._close_unused()

    async def _first_slot_map(self) -> SlotMap:
        known = [*self._slots.nodes]
        addresses = {*self.clients.start, *random.sample(known, min(ASKED_NODES, len(known)))}
        tasks = [asyncio.create_task(self._run_at(a, slot_map(a))) for a in addresses]
        try:
            for response in asyncio.as_completed(tasks):
                try:
                    return await response
                except StoreError as error:
                    last_error = error
            raise last_error
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _close_unused(self) -> None:
        for address in self._nodes.keys() - self._slots.nodes - self.clients.start:
            if not self._nodes[address].users:
                await self._nodes.pop(address).connections.close()


async def _release(_: asyncio.Lock) -> None:
    """Do nothing: a lock needs no closing."""

"""The commands that only the nodes of a Redis Cluster need."""

from dataclasses import replace
from typing import TypeVar

from redis.exceptions import AskError, ClusterDownError, ResponseError

from quart_session_demo.sessions.server.redis.connections import (
    Command,
    LoopConnections,
)
from quart_session_demo.sessions.server.redis.slots import Address, SlotMap
from quart_session_demo.sessions.server.store import StoreError

T = TypeVar('T')

#: Why a session cannot be used, if the nodes respond.
NO_OWNER = 'No node of the Redis Cluster serves this part of the sessions'


def with_redirection(command: Command[T]) -> Command[T | AskError | ClusterDownError]:
    """Return a command that returns a redirection, which is no failure of the node.

    CLUSTERDOWN is returned too: the node works, but knows of no node for some slots.
    """

    async def run(connections: LoopConnections) -> T | AskError | ClusterDownError:
        try:
            return await command(connections)
        except (AskError, ClusterDownError) as redirection:
            return redirection

    return run


def asking(command: Command[T]) -> Command[T]:
    """Return a command that a node accepts although its slot is still being moved there."""

    async def run(connections: LoopConnections) -> T:
        client = connections.client.client()
        try:
            # It applies to the next command on the same connection.
            await client.execute_command('ASKING')  # type: ignore[no-untyped-call]
            return await command(replace(connections, client=client))
        finally:
            # `async with` would return the connection later if this task is cancelled.
            await client.aclose()

    return run


def slot_map(address: Address) -> Command[SlotMap]:
    """Return a command that returns the slots as a node knows them."""

    async def run(connections: LoopConnections) -> SlotMap:
        try:
            ranges = await connections.client.execute_command('CLUSTER', 'SLOTS')  # type: ignore[no-untyped-call]
        except ResponseError as error:
            if 'cluster support disabled' not in str(error):
                raise
            raise StoreError(
                'SESSION_REDIS_URL is not a node of a Redis Cluster: set SESSION_REDIS_CLUSTER to '
                'false, or SESSION_REDIS_URL to a node'
            ) from None
        # As in a node that has left the cluster.
        if not ranges:
            raise StoreError(NO_OWNER)
        return SlotMap.parse(ranges, address)

    return run

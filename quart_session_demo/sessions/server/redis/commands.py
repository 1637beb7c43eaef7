"""The commands of a session store that are more than one call of redis-py."""

import re
from collections.abc import Sequence
from typing import Any

from redis.exceptions import ResponseError

from quart_session_demo.sessions.server.redis.cluster import ClusterConnections
from quart_session_demo.sessions.server.redis.connections import (
    Command,
    LoopConnections,
    RedisConnections,
)
from quart_session_demo.sessions.server.redis.hashes import READ_NAMES
from quart_session_demo.sessions.server.redis.scripts import TOMBSTONE
from quart_session_demo.sessions.server.store import KEY_LENGTH

#: How many sessions a pipeline reads.
READ_BATCH = 500
#: How many keys Redis looks at for one response.
SCAN_BATCH = 1000


class UnknownResult(Exception):
    """Raised instead of a second attempt, if Redis may have executed the first one."""


def once(script: str, key: str, args: Sequence[bytes | int]) -> Command[Any]:
    """Return a command that runs a script at most once, although it may be called again.

    It raises `UnknownResult` if the response to the first attempt was lost.
    """
    is_sent = False

    async def run(connections: LoopConnections) -> Any:
        nonlocal is_sent
        if is_sent:
            raise UnknownResult
        is_sent = True
        try:
            return await connections.evaluate(script, key, args)
        except ResponseError:
            # Redis did not execute it, or another node does.
            is_sent = False
            raise

    return run


def read_batch(names: Sequence[str]) -> Command[list[tuple[Any, Any]]]:
    """Return a command that reads the attributes of some sessions in one pipeline.

    It returns the two arguments of `parse_attributes` for each. An error in place of one is a
    redirection, or Redis refused to read this session.
    """

    async def run(connections: LoopConnections) -> list[tuple[Any, Any]]:
        pipeline = connections.client.pipeline(transaction=False)
        for name in names:
            pipeline.hmget(name, READ_NAMES)
            pipeline.hlen(name)
        responses = await pipeline.execute(raise_on_error=False)
        return list(zip(responses[::2], responses[1::2], strict=True))

    return run


async def count_sessions(connections: RedisConnections | ClusterConnections, prefix: str) -> int:
    """Return how many sessions have keys that begin with a prefix.

    Raises:
        StoreError: Redis failed.
    """
    escaped = re.sub(r'([*?\[\]\\^-])', r'\\\1', prefix)
    # The keys of the index are longer.
    pattern = f'{escaped}{"?" * KEY_LENGTH}'
    total = 0
    for run in await connections.each():
        cursor: int | None = None
        while cursor != 0:
            cursor, count = await run(_count_some(cursor or 0, pattern))
            total += count
    return total


def _count_some(cursor: int, pattern: str) -> Command[tuple[int, int]]:
    async def run(connections: LoopConnections) -> tuple[int, int]:
        client = connections.client
        # Other keys may look the same: the index of an app whose prefix ends earlier.
        next_cursor, names = await client.scan(
            cursor, match=pattern, count=SCAN_BATCH, _type='hash'
        )
        pipeline = client.pipeline(transaction=False)
        for name in names:
            pipeline.hlen(name)
            pipeline.hexists(name, TOMBSTONE.decode())
        results = await pipeline.execute()
        # An empty session has two fields of ours, and one that was deleted has a tombstone.
        pairs = zip(results[::2], results[1::2], strict=True)
        return next_cursor, sum(length > 2 and not is_deleted for length, is_deleted in pairs)

    return run

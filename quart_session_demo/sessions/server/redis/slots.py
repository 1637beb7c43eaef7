"""Which node of a Redis Cluster serves which session."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot
from redis.exceptions import AskError


class Address(NamedTuple):
    """Where a node listens."""

    host: str
    port: int


@dataclass
class SlotMap:
    """The nodes of a cluster, as one of them knows it. Each key belongs to one of 16,384 slots.

    Attributes:
        owners: The primary that serves each slot, or None if nobody does.
        primaries: The addresses of all primaries.
        nodes: The addresses of all nodes, replicas included.
    """

    owners: list[Address | None] = field(default_factory=lambda: [None] * REDIS_CLUSTER_HASH_SLOTS)
    primaries: set[Address] = field(default_factory=set)
    nodes: set[Address] = field(default_factory=set)

    @classmethod
    def parse(cls, ranges: Iterable[Sequence[Any]], asked: Address) -> Self:
        """Return the map in the response to `CLUSTER SLOTS`.

        Args:
            ranges: For each range of slots its ends, its primary and its replicas.
            asked: The node that responded.
        """
        slots = cls()
        for first, last, *nodes in ranges:
            primary, *replicas = (_address(host, port, asked) for host, port, *_ in nodes)
            slots.owners[first : last + 1] = [primary] * (last + 1 - first)
            slots.primaries.add(primary)
            slots.nodes.update((primary, *replicas))
        return slots

    def move(self, redirection: AskError, asked: Address) -> None:
        """Remember the node that a `MOVED` error names.

        Args:
            redirection: The error.
            asked: The node that responded with it.
        """
        address = redirected_to(redirection, asked)
        self.owners[redirection.slot_id] = address
        self.primaries.add(address)
        self.nodes.add(address)

    def accepts(self, address: Address, key: str) -> bool:
        """Return whether a node serves a key. One that serves nothing more redirects any key."""
        return address not in self.primaries or self.owners[slot_of(key)] == address

    def some_slots(self) -> list[int]:
        """Return one slot of each primary."""
        return list({owner: slot for slot, owner in enumerate(self.owners)}.values())


def redirected_to(redirection: AskError, asked: Address) -> Address:
    """Return the node that a `MOVED` or `ASK` error names.

    Args:
        redirection: The error.
        asked: The node that responded with it.
    """
    return _address(redirection.host, redirection.port, asked)


def slot_of(key: str) -> int:
    """Return the slot of a key."""
    return key_slot(key.encode())


def _address(host: bytes | str | None, port: int, asked: Address) -> Address:
    # A node that does not know its own host leaves it empty.
    name = host.decode() if isinstance(host, bytes) else host
    return Address(name or asked.host, port)

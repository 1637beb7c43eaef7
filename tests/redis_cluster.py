"""A real Redis Cluster on free ports, whose nodes a test stops, hangs, replaces and asks."""

import secrets
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import redis

from tests.processes import wait_until
from tests.redis_server import RedisServer
from tests.sockets import free_port, free_ports

PRIMARIES = 3
#: The slots of each primary at the start.
SHARDS = (
    (0, 5460),
    (5461, 10921),
    (10922, 16383),
)


class RedisCluster:
    """Three primaries, each with one replica; `with` starts and stops them.

    Attributes:
        nodes: The three primaries and their replicas, in the same order.
        ids: The id of each node in the cluster.
    """

    def __init__(
        self,
        directory: Path,
        *options: str,
        node_timeout: int = 15_000,
        has_replicas: bool = True,
        slots: Sequence[tuple[int, int]] = SHARDS,
        certificate: Path | None = None,
    ) -> None:
        """Write the files of the nodes.

        Args:
            directory: Where the nodes store their files.
            *options: More options for each node.
            node_timeout: The milliseconds after which a silent node counts as failed.
            has_replicas: Whether each primary has a replica.
            slots: The first and last slot of each primary.
            certificate: The file with certificate and key, if the nodes use TLS.
        """
        count = 2 * PRIMARIES if has_replicas else PRIMARIES
        # All at once, so that they differ.
        ports = free_ports(2 * count)
        self._buses = ports[:count]
        self._directory = directory
        self._certificate = certificate
        self._slots = slots
        tls = () if certificate is None else ('--tls-cluster', 'yes', '--tls-replication', 'yes')
        self._options = (
            *('--cluster-enabled', 'yes', '--cluster-node-timeout', str(node_timeout)),
            *('--cluster-replica-validity-factor', '0', '--repl-diskless-sync-delay', '0'),
            *(*tls, *options),
        )
        self.nodes = [self._make_node(number, port) for number, port in enumerate(ports[count:])]
        self.ids = [secrets.token_hex(20) for _ in self.nodes]
        # With these files the cluster is complete at the start. A meeting takes seconds.
        for number in range(count):
            self._write_topology(number)
        self._stack = ExitStack()

    def _make_node(self, number: int, port: int) -> RedisServer:
        folder = self._directory / str(number)
        folder.mkdir(exist_ok=True)
        options = ('--cluster-port', str(self._buses[number]), *self._options)
        return RedisServer(folder, *options, certificate=self._certificate, port=port)

    def _write_topology(self, myself: int) -> None:
        lines = []
        for number, (node, bus) in enumerate(zip(self.nodes, self._buses, strict=True)):
            flags = 'myself,' if number == myself else ''
            shard = number % PRIMARIES
            epoch = shard + 1
            address = f'{self.ids[number]} 127.0.0.1:{node.port}@{bus}'
            if number < PRIMARIES:
                first, last = self._slots[shard]
                lines.append(f'{address} {flags}master - 0 0 {epoch} connected {first}-{last}')
            else:
                lines.append(f'{address} {flags}slave {self.ids[shard]} 0 0 {epoch} connected')
        lines.append(f'vars currentEpoch {PRIMARIES} lastVoteEpoch 0')
        file = self._directory / str(myself) / 'nodes.conf'
        file.write_text('\n'.join(lines) + '\n')

    @property
    def primaries(self) -> list[RedisServer]:
        """The three primaries."""
        return self.nodes[:PRIMARIES]

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of an app that stores its sessions here."""
        return {
            'SESSION_TYPE': 'redis',
            'SESSION_REDIS_URL': self.nodes[0].url,
            'SESSION_REDIS_CLUSTER': True,
        }

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for node in self.nodes:
                stack.enter_context(node)
            self._stack = stack.pop_all()
        self.wait_until_ready()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def wait_until_ready(self) -> None:
        """Wait until the nodes agree who serves each slot, and the replicas have caught up."""
        wait_until(lambda: all(map(_is_ready, self.nodes)))
        wait_until(lambda: len(set(map(_owners, self.nodes))) == 1)

    def fail_over(self, shard: int) -> None:
        """Let the replica of a running primary take over; both change their places in `nodes`."""
        old, new = shard, shard + PRIMARIES
        self.nodes[new].ask('CLUSTER', 'FAILOVER')
        for items in (self.nodes, self.ids, self._buses):
            _swap(items, old, new)
        wait_until(lambda: self.nodes[new].ask('INFO', 'replication')['role'] == 'slave')
        self.wait_until_ready()

    def move_address(self, number: int) -> None:
        """Start a stopped node again, at another address."""
        self.nodes[number] = self._make_node(number, free_port())
        self.nodes[number].start()
        self._stack.callback(self.nodes[number].stop)

    def counted(self, statistic: str) -> int:
        """Return how often the nodes did something, by its name in INFO: an error or a command."""
        counts = 0
        for node in self.nodes:
            found = node.ask('INFO', 'everything').get(statistic, 0)
            if isinstance(found, dict):
                # INFO has several numbers for a command, and one for an error.
                found = found['calls' if 'calls' in found else 'count']
            counts += found
        return counts

    def move_slot(self, slot: int, source: int, target: int) -> None:
        """Move one slot with its keys to another primary, as `redis-cli --cluster reshard` does."""
        self.start_move(slot, source, target)
        self.migrate(slot, source, target)
        self.finish_move(slot, source, target)

    def start_move(self, slot: int, source: int, target: int) -> None:
        """Let both nodes redirect clients with ASK."""
        self.nodes[target].ask('CLUSTER', 'SETSLOT', slot, 'IMPORTING', self.ids[source])
        self.nodes[source].ask('CLUSTER', 'SETSLOT', slot, 'MIGRATING', self.ids[target])

    def migrate(self, slot: int, source: int, target: int) -> None:
        """Move the keys of a slot that is being moved."""
        port = self.nodes[target].port
        while keys := self.nodes[source].ask('CLUSTER', 'GETKEYSINSLOT', slot, 10):
            self.nodes[source].ask('MIGRATE', '127.0.0.1', port, '', 0, 5000, 'KEYS', *keys)

    def finish_move(self, slot: int, source: int, target: int) -> None:
        """Give a slot to its new node."""

        def is_known() -> bool:
            if all(_owner(node, slot) == self.nodes[target].port for node in self.nodes):
                return True
            # Every primary must know: one that does not may give the slot back to its old node.
            others = {*range(PRIMARIES)} - {source, target}
            for number in (target, source, *others):
                self.nodes[number].ask('CLUSTER', 'SETSLOT', slot, 'NODE', self.ids[target])
            # A node believes the one with the highest epoch, and a replica no other.
            self.nodes[target].ask('CLUSTER', 'BUMPEPOCH')
            return False

        wait_until(is_known)


def shard_of(slot: int) -> int:
    """Return the number of the primary that serves a slot at the start."""
    return next(n for n, (_, last) in enumerate(SHARDS) if slot <= last)


def _is_ready(node: RedisServer) -> bool:
    try:
        info = node.ask('INFO', 'replication')
        state = node.ask('CLUSTER INFO')
    except (redis.RedisError, OSError):
        return False
    is_linked: bool = info['role'] == 'master' or info['master_link_status'] == 'up'
    return is_linked and state['cluster_state'] == 'ok'


def _owners(node: RedisServer) -> tuple[tuple[int, int, int], ...]:
    ranges = node.ask('CLUSTER', 'SLOTS')
    return tuple(sorted((first, last, primary[1]) for first, last, primary, *_ in ranges))


def _owner(node: RedisServer, slot: int) -> int | None:
    """Return the port of the primary that serves a slot, as a node knows it."""
    ranges = _owners(node)
    return next((port for first, last, port in ranges if first <= slot <= last), None)


def _swap(items: list[Any], one: int, other: int) -> None:
    items[one], items[other] = items[other], items[one]

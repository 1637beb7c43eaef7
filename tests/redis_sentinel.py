"""A real Redis primary with two replicas, and three Sentinels that watch them."""

import secrets
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from redis.exceptions import RedisError

from tests.processes import wait_until
from tests.redis_server import RedisServer

SERVICE = 'mymaster'
#: After how many milliseconds without a response a Sentinel regards a server as down.
DOWN_AFTER = 1000


class Sentinel(RedisServer):
    """One Sentinel, which is started, stopped and asked like a server."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self._id = secrets.token_hex(20)
        self._config = directory / 'sentinel.conf'
        self._command = (
            *('redis-server', str(self._config), '--sentinel', '--bind', '127.0.0.1'),
            *('--port', str(self.port), '--dir', str(directory)),
        )

    def configure(self, primary: RedisServer, others: list[Self]) -> None:
        """Write the file with what this Sentinel watches, before it starts."""
        lines = [
            f'sentinel myid {self._id}',
            f'sentinel monitor {SERVICE} 127.0.0.1 {primary.port} 2',
            f'sentinel down-after-milliseconds {SERVICE} {DOWN_AFTER}',
            f'sentinel failover-timeout {SERVICE} 10000',
            # Without these lines they would find each other after two seconds.
            *(f'sentinel known-sentinel {SERVICE} 127.0.0.1 {x.port} {x._id}' for x in others),
        ]
        self._config.write_text('\n'.join(lines))


class SentinelSetup:
    """A primary, two replicas, and three Sentinels of which two must agree.

    Attributes:
        servers: The Redis servers by their ports.
        sentinels: The Sentinels.
    """

    def __init__(self, directory: Path) -> None:
        def new_folder(name: str) -> Path:
            (directory / name).mkdir()
            return directory / name

        primary = RedisServer(new_folder('primary'), '--repl-diskless-sync-delay', '0')
        replicas = [
            RedisServer(
                new_folder(f'replica-{number}'),
                *('--repl-diskless-sync-delay', '0'),
                *('--replicaof', f'127.0.0.1 {primary.port}'),
            )
            for number in range(2)
        ]
        self.servers = {server.port: server for server in (primary, *replicas)}
        self.sentinels = [Sentinel(new_folder(f'sentinel-{number}')) for number in range(3)]
        for sentinel in self.sentinels:
            sentinel.configure(primary, [x for x in self.sentinels if x is not sentinel])
        self._running = ExitStack()

    @property
    def addresses(self) -> list[str]:
        """The addresses of the Sentinels."""
        return [f'127.0.0.1:{sentinel.port}' for sentinel in self.sentinels]

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of an app that stores its sessions here."""
        return {
            'SESSION_TYPE': 'redis',
            'SESSION_REDIS_SENTINELS': self.addresses,
            'SESSION_REDIS_SENTINEL_SERVICE': SERVICE,
        }

    @property
    def primary(self) -> RedisServer:
        """The primary that the Sentinels which run agree on."""
        ports: list[int | None] = [None]
        while len(ports) != 1 or ports[0] is None:
            time.sleep(0.01)
            ports = list(set(filter(None, map(_port_of_primary, self.sentinels))))
        return self.servers[ports[0]]

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for server in (*self.servers.values(), *self.sentinels):
                stack.enter_context(server)
            self.wait_until_whole()
            self._running = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def wait_for_other_primary(self, old: RedisServer) -> RedisServer:
        """Wait until the Sentinels report another primary, and return it."""
        wait_until(lambda: self.primary is not old)
        return self.primary

    def wait_until_whole(self) -> None:
        """Wait until the Sentinels know each other and two replicas, which have caught up."""
        wait_until(lambda: all(map(_is_whole, self.sentinels)))
        primary = self.primary
        wait_until(lambda: primary.ask('INFO', 'replication')['connected_slaves'] == 2)
        wait_until(lambda: len({_offset(server) for server in self.servers.values()}) == 1)


def _port_of_primary(sentinel: RedisServer) -> int | None:
    try:
        return int(sentinel.ask('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', SERVICE)[1])
    except (OSError, RedisError):
        return None


def _is_whole(sentinel: RedisServer) -> bool:
    state = sentinel.ask('SENTINEL', 'MASTER', SERVICE)
    counts = state.get(b'num-slaves'), state.get(b'num-other-sentinels'), state[b'flags']
    return counts == (b'2', b'2', b'master')


def _offset(server: RedisServer) -> int:
    return int(server.ask('INFO', 'replication')['master_repl_offset'])

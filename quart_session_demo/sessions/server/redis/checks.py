"""What `check-deploy` reports about a Redis that stores sessions."""

import ssl
from collections.abc import Iterator
from typing import Any

from redis.asyncio import ConnectionPool, SSLConnection, UnixDomainSocketConnection
from redis.asyncio.sentinel import SentinelConnectionPool

from quart_session_demo.sessions.base import Finding
from quart_session_demo.sessions.server.hosts import is_local
from quart_session_demo.sessions.server.redis.cluster import ClusterConnections
from quart_session_demo.sessions.server.redis.connections import RedisConnections
from quart_session_demo.sessions.server.store import SessionStore, StoreError

UNENCRYPTED = Finding(
    'redis-unencrypted',
    'error',
    'Sessions are sent unencrypted to Redis on another host (OWASP ASVS 5.0, 12.3.1)',
    'Set QUART_SESSION_REDIS_URL to a URL that begins with rediss://, or QUART_SESSION_REDIS to a '
    'client with TLS',
)
UNVERIFIED = Finding(
    'redis-unverified',
    # A warning only: the certificates of some platforms, such as Heroku's, cannot be verified.
    'warning',
    'The certificate of Redis is not checked, so another server can receive all sessions and the '
    'password (OWASP ASVS 5.0, 12.3.2)',
    'Remove ssl_cert_reqs=none and ssl_check_hostname=false from QUART_SESSION_REDIS_URL, and set '
    'ssl_ca_certs to the file with its authority',
)
NO_PASSWORD = Finding(
    'redis-no-password',
    'error',
    'Redis on another host is used without a password (OWASP ASVS 5.0, 13.2.1)',
    'Set a password in Redis, and in QUART_SESSION_REDIS_URL or the client of QUART_SESSION_REDIS',
)
UNREACHABLE = Finding(
    'redis-unreachable',
    'error',
    'The session store cannot be used: {error}',
    'Start Redis, correct the QUART_SESSION_REDIS settings, or let its user write and run scripts',
)
CLUSTER = Finding(
    'redis-cluster',
    'error',
    'Redis is a node of a Redis Cluster, and refuses the sessions of the other nodes',
    'Set QUART_SESSION_REDIS_CLUSTER=true, or SESSION_REDIS to a RedisCluster',
)
POLICY_UNKNOWN = Finding(
    'redis-policy-unknown',
    'warning',
    'It is unknown whether Redis evicts sessions or stores them in files: {error}',
    'Let its user run INFO, or check that maxmemory-policy is noeviction and appendonly is yes',
)
EVICTS = Finding(
    'redis-evicts',
    'error',
    'Redis evicts sessions when its memory is full: maxmemory-policy is {policy}',
    'Set maxmemory-policy to noeviction, or use a separate Redis for sessions',
)
NOT_PERSISTENT = Finding(
    'redis-not-persistent',
    # A warning only: users log in again after a crash. Snapshots (RDB) do not change the finding:
    # they lose the last minutes, and restore sessions that were deleted in them.
    'warning',
    'A crash of Redis loses sessions, and can restore deleted ones: appendonly is off',
    'Set appendonly to yes, and appendfsync to always so that a logout is final after a crash',
)
#: The values of `ssl_cert_reqs` with which redis-py accepts any certificate.
UNCHECKED = (
    None,
    'none',
    ssl.CERT_NONE,
)
#: The options of redis-py with which a client shows who it is.
CREDENTIALS = (
    'password',
    'credential_provider',
    'ssl_certfile',
)
#: All findings about Redis, as templates for `Finding.fill`.
FINDINGS = (
    UNENCRYPTED,
    UNVERIFIED,
    NO_PASSWORD,
    UNREACHABLE,
    CLUSTER,
    POLICY_UNKNOWN,
    EVICTS,
    NOT_PERSISTENT,
)


async def redis_findings(
    store: SessionStore, connections: RedisConnections | ClusterConnections
) -> list[Finding]:
    """Return what could lose sessions or show them to others.

    Args:
        store: The store, to check whether sessions can be stored.
        connections: Its connections, to read the settings of Redis.
    """
    # Before `ping`, which uses a random key: this node may accept it.
    if isinstance(connections, RedisConnections) and await _is_cluster(connections):
        return [CLUSTER]
    unreachable: StoreError | None = None
    try:
        await store.ping()
    except StoreError as error:
        unreachable = error
    # After the ping, because Sentinels and clusters report the addresses only then.
    found = (finding for pool in connections.pools for finding in pool_findings(pool))
    findings = list(dict.fromkeys(found))
    if unreachable is not None:
        return [*findings, UNREACHABLE.fill(error=unreachable)]
    try:
        memories = await _infos(connections, 'memory')
        persistences = await _infos(connections, 'persistence')
    except StoreError as error:
        return [*findings, POLICY_UNKNOWN.fill(error=error)]
    policies = {memory.get('maxmemory_policy', 'noeviction') for memory in memories}
    findings += (EVICTS.fill(policy=policy) for policy in sorted(policies - {'noeviction'}))
    if not all(persistence.get('aof_enabled', True) for persistence in persistences):
        findings.append(NOT_PERSISTENT)
    return findings


def pool_findings(pool: ConnectionPool) -> Iterator[Finding]:
    """Yield what is unsafe about the connections of a pool to another host."""
    kind, options = pool.connection_class, pool.connection_kwargs
    host = options.get('host', 'localhost')
    if isinstance(pool, SentinelConnectionPool):
        if pool.master_address is None:
            # No Sentinel reported it: the store is unreachable.
            return
        host = pool.master_address[0]
    if issubclass(kind, UnixDomainSocketConnection) or is_local(host):
        return
    if not issubclass(kind, SSLConnection):
        yield UNENCRYPTED
    elif options.get('ssl_cert_reqs', 'required') in UNCHECKED or not options.get(
        'ssl_check_hostname', True
    ):
        yield UNVERIFIED
    if not any(map(options.get, CREDENTIALS)):
        yield NO_PASSWORD


async def _infos(
    connections: RedisConnections | ClusterConnections, section: str
) -> list[dict[str, Any]]:
    return await connections.run_on_each(lambda connections: connections.client.info(section))


async def _is_cluster(connections: RedisConnections) -> bool:
    try:
        [info] = await _infos(connections, 'cluster')
    except StoreError:
        return False
    return bool(info.get('cluster_enabled'))

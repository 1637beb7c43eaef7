"""What `check-deploy` reports about a Redis that stores sessions."""

from quart_session_demo.sessions.base import Finding
from quart_session_demo.sessions.server.redis.cluster import ClusterConnections
from quart_session_demo.sessions.server.redis.connections import RedisConnections
from quart_session_demo.sessions.server.store import SessionStore, StoreError

UNENCRYPTED = Finding(
    'redis-unencrypted',
    'error',
    'Sessions are sent unencrypted to Redis on another host (OWASP ASVS 5.0, 12.3.1)',
    'Set QUART_SESSION_REDIS_URL to a URL that begins with rediss://',
)
UNREACHABLE = Finding(
    'redis-unreachable',
    'error',
    'The session store cannot be used: {error}',
    'Start Redis, correct QUART_SESSION_REDIS_URL, or let its user write and run scripts',
)
CLUSTER = Finding(
    'redis-cluster',
    'error',
    'Redis is a node of a Redis Cluster, and refuses the sessions of the other nodes',
    'Set QUART_SESSION_REDIS_CLUSTER=true',
)
POLICY_UNKNOWN = Finding(
    'redis-policy-unknown',
    'warning',
    'It is unknown whether Redis evicts sessions: {error}',
    'Let its user run INFO, or check that maxmemory-policy is noeviction',
)
EVICTS = Finding(
    'redis-evicts',
    'error',
    'Redis evicts sessions when its memory is full: maxmemory-policy is {policy}',
    'Set maxmemory-policy to noeviction, or use a separate Redis for sessions',
)
#: All findings about Redis, as templates for `Finding.fill`.
FINDINGS = (
    UNENCRYPTED,
    UNREACHABLE,
    CLUSTER,
    POLICY_UNKNOWN,
    EVICTS,
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
    unreachable = []
    try:
        await store.ping()
    except StoreError as error:
        unreachable = [UNREACHABLE.fill(error=error)]
    # After the ping, because Sentinels report the address only when a connection is made.
    findings = [] if connections.clients.is_encrypted_or_local else [UNENCRYPTED]
    if unreachable:
        return findings + unreachable
    try:
        memories = await connections.run_on_each(
            lambda connections: connections.client.info('memory')
        )
    except StoreError as error:
        return [*findings, POLICY_UNKNOWN.fill(error=error)]
    policies = {memory.get('maxmemory_policy', 'noeviction') for memory in memories}
    findings += (EVICTS.fill(policy=policy) for policy in sorted(policies - {'noeviction'}))
    return findings


async def _is_cluster(connections: RedisConnections) -> bool:
    try:
        info = await connections.run(lambda connections: connections.client.info('cluster'))
    except StoreError:
        return False
    return bool(info.get('cluster_enabled'))

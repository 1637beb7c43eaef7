"""What is unsafe about a Redis that keeps sessions."""

from quart_session_demo.sessions.base import Finding
from quart_session_demo.sessions.server.redis.store import RedisStore
from quart_session_demo.sessions.server.store import StoreError


async def store_findings(store: RedisStore) -> list[Finding]:
    """Ask a store what would lose sessions, or show them to others; connect, and close again."""
    findings = []
    if not store.is_encrypted_or_local:
        findings.append(
            Finding(
                'redis-unencrypted',
                'error',
                'Sessions travel to Redis on another host unencrypted (OWASP ASVS 5.0, 12.3.1)',
                'Set QUART_SESSION_REDIS_URL to one that begins with rediss://',
            )
        )
    try:
        await store.ping()
    except StoreError as error:
        findings.append(
            Finding(
                'redis-unreachable',
                'error',
                f'The session store cannot be used: {error}',
                'Start Redis, mend QUART_SESSION_REDIS_URL, or let its user write and run scripts',
            )
        )
    else:
        findings.extend(await _findings_of_memory(store))
    finally:
        await store.close()
    return findings


async def _findings_of_memory(store: RedisStore) -> list[Finding]:
    try:
        policy = (await store.memory_info()).get('maxmemory_policy', 'noeviction')
    except StoreError as error:
        return [
            Finding(
                'redis-policy-unknown',
                'warning',
                f'Redis does not tell whether it throws sessions away: {error}',
                'Let its user ask INFO, or see yourself that maxmemory-policy is noeviction',
            )
        ]
    if policy == 'noeviction':
        return []
    return [
        Finding(
            'redis-evicts',
            'error',
            f'Redis throws sessions away when memory is full: maxmemory-policy is {policy}',
            'Set maxmemory-policy to noeviction, or give sessions a Redis of their own',
        )
    ]

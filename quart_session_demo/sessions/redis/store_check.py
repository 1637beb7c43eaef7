"""What is unsafe about a Redis that keeps sessions."""

from quart_session_demo.sessions.redis.store import Store, StoreError

# Id, level, message, remedy.
Problem = tuple[str, str, str, str]


async def store_problems(store: Store) -> list[Problem]:
    """Ask a store what would lose sessions, or show them to others; connect, and close again."""
    problems = []
    if not store.is_encrypted_or_local:
        problems.append(
            (
                'redis-unencrypted',
                'error',
                'Sessions travel to Redis on another host unencrypted (OWASP ASVS 5.0, 12.3.1)',
                'Set QUART_SESSION_REDIS_URL to one that begins with rediss://',
            )
        )
    try:
        policy = (await store.memory_info()).get('maxmemory_policy', 'noeviction')
    except StoreError as error:
        problems.append(
            (
                'redis-unreachable',
                'error',
                f'The session store does not answer: {error}',
                'Start Redis, or mend QUART_SESSION_REDIS_URL',
            )
        )
    else:
        if policy != 'noeviction':
            problems.append(
                (
                    'redis-evicts',
                    'error',
                    f'Redis throws sessions away when memory is full: maxmemory-policy is {policy}',
                    'Set maxmemory-policy to noeviction, or give sessions a Redis of their own',
                )
            )
    finally:
        await store.close()
    return problems

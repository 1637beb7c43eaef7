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
        await store.probe()
    except StoreError as error:
        problems.append(
            (
                'redis-unreachable',
                'error',
                f'The session store cannot be used: {error}',
                'Start Redis, mend QUART_SESSION_REDIS_URL, or let its user write and run scripts',
            )
        )
    else:
        problems.extend(await _problems_of_memory(store))
    finally:
        await store.close()
    return problems


async def _problems_of_memory(store: Store) -> list[Problem]:
    try:
        policy = (await store.memory_info()).get('maxmemory_policy', 'noeviction')
    except StoreError as error:
        return [
            (
                'redis-policy-unknown',
                'warning',
                f'Redis does not tell whether it throws sessions away: {error}',
                'Let its user ask INFO, or see yourself that maxmemory-policy is noeviction',
            )
        ]
    if policy == 'noeviction':
        return []
    return [
        (
            'redis-evicts',
            'error',
            f'Redis throws sessions away when memory is full: maxmemory-policy is {policy}',
            'Set maxmemory-policy to noeviction, or give sessions a Redis of their own',
        )
    ]

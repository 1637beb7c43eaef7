"""The settings that select a Redis: exactly one of them is set, and the others fit it."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from quart_session_demo.sessions.validators import REDIS_URL_REMEDY

#: The settings of which exactly one is set.
REDIS_SOURCES = (
    'SESSION_REDIS_URL',
    'SESSION_REDIS_SENTINELS',
    'SESSION_REDIS',
)


def redis_sources(config: Mapping[str, Any]) -> list[str]:
    """Return which of `REDIS_SOURCES` are set."""
    return [key for key in REDIS_SOURCES if config[key] is not None]


def selection_errors(
    config: Mapping[str, Any], name: Callable[[str], str] = str, unset: str = 'is not set'
) -> Iterator[str]:
    """Yield the errors of settings that select no Redis, or more than one.

    Args:
        config: The app's config.
        name: Returns the name under which the user set a setting.
        unset: How the message continues after `SESSION_REDIS_URL` if no Redis is selected.
    """
    sources = redis_sources(config)
    names = ' and '.join(map(name, sources))
    url, sentinels, client = map(name, REDIS_SOURCES)
    service = name('SESSION_REDIS_SENTINEL_SERVICE')
    if config['SESSION_REDIS_CLUSTER'] is True and sources != ['SESSION_REDIS_URL']:
        found = f'{names} is set' if len(sources) == 1 else f'{names} are set'
        yield (
            f'{name("SESSION_REDIS_CLUSTER")} is true, which needs {url} and neither {sentinels} '
            f'nor {client}, but {found if sources else "it is not set"}: set only {url}, to the '
            'URL of any node'
        )
    elif not sources:
        yield f'{url} {unset}: {REDIS_URL_REMEDY}, or set {sentinels} or {client} instead'
    elif len(sources) > 1:
        which = 'both' if len(sources) == 2 else 'all'
        yield f'{names} are {which} set: remove all but one of them'
    has_service = config['SESSION_REDIS_SENTINEL_SERVICE'] is not None
    if has_service and 'SESSION_REDIS_SENTINELS' not in sources:
        yield f'{service} is set without {sentinels}: set {sentinels} too, or remove {service}'
    if not has_service and 'SESSION_REDIS_SENTINELS' in sources:
        yield (
            f'{service} is not set, and {sentinels} needs it: set it to the name of the service '
            'that the Sentinels monitor, such as mymaster'
        )

"""What can be wrong with the settings of sessions on Redis."""

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any

from quart_session_demo.config.kinds import fits_a_date, is_number, is_utf8, short

# What redis-py reads.
SCHEMES = ('redis://', 'rediss://', 'unix://')
URL_REMEDY = 'set it to a URL such as redis://:password@host:6379/0 (rediss:// encrypts)'


def _wrong_type(value: Any) -> str | None:
    if value not in ('cookie', 'redis'):
        return f'is {short(value)}: set it to cookie or redis'
    if value == 'redis' and find_spec('redis') is None:
        return "is redis, which needs the extra: pip install 'quart_session_demo[redis]'"
    return None


def _wrong_url(value: Any) -> str | None:
    # Never shown: it may hold a password.
    if value is None or (isinstance(value, str) and value.startswith(SCHEMES)):
        return None
    return f'does not begin with {", ".join(SCHEMES)}: {URL_REMEDY}'


def _wrong_prefix(value: Any) -> str | None:
    if isinstance(value, str) and value and is_utf8(value):
        return None
    return f'is {short(value)}: set it to what the keys in Redis shall begin with, such as session:'


def _wrong_timeout(value: Any) -> str | None:
    if is_number(value) and 0.001 <= value <= 3600:
        return None
    return f'is {short(value)}: set it to a number of seconds from 0.001 to 3600'


def _wrong_absolute_lifetime(value: Any) -> str | None:
    if value is None or (is_number(value) and value >= 0.001 and fits_a_date(value)):
        return None
    return (
        f'is {short(value)}: set it to a number of seconds, such as 43200 for twelve hours, or '
        'to null for none'
    )


def _wrong_connections(value: Any) -> str | None:
    if is_number(value) and isinstance(value, int) and value > 0:
        return None
    return f'is {short(value)}: set it to a number of connections, such as 10'


REDIS_CHECKS: Mapping[str, Callable[[Any], str | None]] = {
    'SESSION_ABSOLUTE_LIFETIME': _wrong_absolute_lifetime,
    'SESSION_KEY_PREFIX': _wrong_prefix,
    'SESSION_REDIS_MAX_CONNECTIONS': _wrong_connections,
    'SESSION_REDIS_TIMEOUT': _wrong_timeout,
    'SESSION_REDIS_URL': _wrong_url,
    'SESSION_TYPE': _wrong_type,
}

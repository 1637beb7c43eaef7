"""The settings, for any app: their defaults, and what they must be."""

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

DEFAULTS: Mapping[str, Any] = {
    'SESSION_ABSOLUTE_LIFETIME': None,
    'SESSION_KEY_PREFIX': 'session:',
    'SESSION_REDIS_MAX_CONNECTIONS': 10,
    'SESSION_REDIS_TIMEOUT': 0.5,
}


def complete(config: dict[str, Any]) -> None:
    """Set the defaults of what is not set.

    Raises:
        ValueError: A setting is missing or wrong; it names it.
    """
    for name, default in DEFAULTS.items():
        config.setdefault(name, default)
    if config.get('SESSION_REDIS_URL') is None:
        raise ValueError('SESSION_REDIS_URL is not set')
    for name, (is_right, wanted) in _RULES.items():
        if not is_right(config[name]):
            raise ValueError(f'{name} is not {wanted}')


def _is_text(value: Any) -> bool:
    # What the environment could not decode is in it as lone surrogates (PEP 383).
    return (
        isinstance(value, str)
        and value != ''
        and value.encode('utf-8', 'replace') == value.encode('utf-8', 'surrogatepass')
    )


def _is_number(value: Any, least: float, most: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most


def _is_lifetime(value: Any) -> bool:
    if value is None:
        return True
    try:
        # A year to spare, as the date is reckoned at each request.
        return _is_number(value, 0.001, math.inf) and (
            (datetime.now(UTC) + timedelta(seconds=value)).year < datetime.max.year
        )
    except OverflowError:
        return False


_RULES: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    'SESSION_ABSOLUTE_LIFETIME': (_is_lifetime, 'a number of seconds or None'),
    'SESSION_KEY_PREFIX': (_is_text, 'a text'),
    'SESSION_REDIS_MAX_CONNECTIONS': (
        lambda value: isinstance(value, int) and _is_number(value, 1, math.inf),
        'a number of connections',
    ),
    'SESSION_REDIS_TIMEOUT': (
        lambda value: _is_number(value, 0.001, 3600),
        'a number of seconds from 0.001 to 3600',
    ),
    'SESSION_REDIS_URL': (lambda value: isinstance(value, str), 'a text'),
}

"""What can be wrong with each setting, and with several together."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from reprlib import repr as short
from typing import Any

from flask import Config
from quart import Quart

PRODUCTION_KEY_BYTES = 32


def problems(
    config: Config, defaults: Mapping[str, Any], name: Callable[[str], str]
) -> Iterator[str]:
    """Yield what is wrong with a config and the remedy, a line each; never a secret's value.

    Args:
        config: The settings.
        defaults: Our own settings' defaults, beside Quart's: where one is a boolean, a boolean
            is demanded.
        name: Tells the name by which the user set a setting.
    """
    wrong = False
    for problem in _wrong_values(config, defaults, name):
        wrong = True
        yield problem
    # Only right values can be compared with one another.
    if not wrong:
        yield from _wrong_together(config, name)


def _wrong_values(
    config: Config, defaults: Mapping[str, Any], name: Callable[[str], str]
) -> Iterator[str]:
    for key, default in {**Quart.default_config, **defaults}.items():
        if isinstance(default, bool) and not isinstance(config[key], bool):
            yield f'{name(key)} is {short(config[key])}: set it to true or false'
    for key, check in _CHECKS.items():
        if problem := check(config[key]):
            yield f'{name(key)} {problem}'


def _wrong_key(value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str | bytes):
        return f'is of type {type(value).__name__}: set it to a string or bytes'
    return None if value else 'is empty: set it to a long random string, or remove it'


def _wrong_fallbacks(value: Any) -> str | None:
    remedy = 'set it to a list of the old keys, in JSON ["old-key"]'
    if isinstance(value, str | bytes):
        return (
            'is one string, whose every character Quart would accept as a signing key, so that '
            f'anyone can forge a session: {remedy}'
        )
    if value is None:
        return None
    if not isinstance(value, list | tuple):
        return f'is of type {type(value).__name__}: {remedy}'
    if not all(isinstance(key, str | bytes) and key for key in value):
        return f'holds something that is not a non-empty string: {remedy}'
    return None


def _wrong_lifetime(value: Any) -> str | None:
    remedy = 'set it to a positive number of seconds, such as 864000 for 10 days'
    if isinstance(value, bool) or not isinstance(value, int | float | timedelta):
        return f'is {short(value)}: {remedy}'
    try:
        lifetime = value if isinstance(value, timedelta) else timedelta(seconds=value)
        # A year to spare, for the cookie's date is reckoned at each request.
        fits = (datetime.now(UTC) + lifetime).year < datetime.max.year
    except (OverflowError, ValueError):
        fits = False
    else:
        if lifetime <= timedelta():
            return f'is {short(value)}, so that every session ends at once: {remedy}'
    return None if fits else f'is {short(value)}, too long for the date in a cookie: {remedy}'


def _wrong_samesite(value: Any) -> str | None:
    # Werkzeug takes any case.
    if value is None or (isinstance(value, str) and value.title() in {'Lax', 'Strict', 'None'}):
        return None
    return f'is {short(value)}: set it to Lax, Strict or None, or to null to send none'


def _wrong_name(value: Any) -> str | None:
    # RFC 6265, 4.1.1, and RFC 9110, 5.6.2.
    if isinstance(value, str) and re.fullmatch(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+", value):
        return None
    return (
        f'is {short(value)}: set it to a name of letters, digits and the signs '
        "!#$%&'*+-.^_`|~, such as session"
    )


def _wrong_text(value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        return f'is of type {type(value).__name__}: set it to a string, or to null for none'
    if re.search(r'[;\x00-\x1f\x7f]', value):
        return f'is {short(value)}: remove the semicolon or control character from it'
    return None


def _wrong_domain(value: Any) -> str | None:
    if problem := _wrong_text(value):
        return problem
    try:
        (value or '').partition(':')[0].lstrip('.').encode('idna')
    except UnicodeError:
        return f'is {short(value)}, no domain name: set it to one such as example.com'
    return None


def _wrong_path(value: Any) -> str | None:
    if problem := _wrong_text(value):
        return problem
    if value and not value.startswith('/'):
        return f'is {short(value)}, which browsers ignore: start it with /'
    return None


def _wrong_size(value: Any) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return None
    return f'is {short(value)}: set it to a number of bytes, such as 4093, or 0 for no limit'


_CHECKS: Mapping[str, Callable[[Any], str | None]] = {
    'SECRET_KEY': _wrong_key,
    'SECRET_KEY_FALLBACKS': _wrong_fallbacks,
    'PERMANENT_SESSION_LIFETIME': _wrong_lifetime,
    'SESSION_COOKIE_SAMESITE': _wrong_samesite,
    'SESSION_COOKIE_NAME': _wrong_name,
    'SESSION_COOKIE_DOMAIN': _wrong_domain,
    'SESSION_COOKIE_PATH': _wrong_path,
    'APPLICATION_ROOT': _wrong_path,
    'SERVER_NAME': _wrong_text,
    'MAX_COOKIE_SIZE': _wrong_size,
}


def _wrong_together(config: Config, name: Callable[[str], str]) -> Iterator[str]:
    cookie_name = config['SESSION_COOKIE_NAME']
    make_secure = f'set {name("SESSION_COOKIE_SECURE")} to true'
    if (config['SESSION_COOKIE_SAMESITE'] or '').title() == 'None' and not _secure(config):
        yield (
            f'{name("SESSION_COOKIE_SAMESITE")} is None, which browsers refuse without Secure: '
            f'{make_secure}'
        )
    # RFC 6265bis, 4.1.3: browsers compare the prefix without regard to case.
    if cookie_name.lower().startswith('__secure-') and not _secure(config):
        yield (
            f'{name("SESSION_COOKIE_NAME")} is {short(cookie_name)}, which browsers refuse '
            f'without Secure: {make_secure}'
        )
    if cookie_name.lower().startswith('__host-'):
        for key in host_prefix_obstacles(config):
            yield (
                f'{name(key)} is {short(config[key])}, with which browsers refuse a cookie named '
                f'{short(cookie_name)}: remove it, or choose another '
                f'{name("SESSION_COOKIE_NAME")}'
            )
    if config['PRODUCTION']:
        key = config['SECRET_KEY']
        size = len(key.encode() if isinstance(key, str) else key or b'')
        if size < PRODUCTION_KEY_BYTES:
            yield (
                f'{name("SECRET_KEY")} is {f"only {size} bytes long" if size else "not set"} in '
                f'production: set it to at least {PRODUCTION_KEY_BYTES} random bytes, as '
                "python -c 'import secrets; print(secrets.token_hex(32))' prints them"
            )


def _secure(config: Config) -> bool:
    # Werkzeug sends Secure with Partitioned.
    return bool(config['SESSION_COOKIE_SECURE'] or config['SESSION_COOKIE_PARTITIONED'])


def host_prefix_obstacles(config: Config) -> list[str]:
    """Return the settings with which browsers refuse a `__Host-` cookie (RFC 6265bis, 4.1.3.2)."""
    obstacles = []
    if not _secure(config):
        obstacles.append('SESSION_COOKIE_SECURE')
    if config['SESSION_COOKIE_DOMAIN']:
        obstacles.append('SESSION_COOKIE_DOMAIN')
    if (config['SESSION_COOKIE_PATH'] or config['APPLICATION_ROOT']) != '/':
        obstacles.append('SESSION_COOKIE_PATH')
    return obstacles

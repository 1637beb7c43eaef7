"""Validate a config: each setting by itself, and settings that depend on each other."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import timedelta
from typing import Any

from flask import Config
from quart import Quart

from quart_session_demo.config.serving import validate_https
from quart_session_demo.sessions.cookie_settings import cookie_problems
from quart_session_demo.sessions.redis_selection import selection_errors
from quart_session_demo.sessions.settings import Setting
from quart_session_demo.sessions.validators import (
    fits_cookie_date,
    is_number,
    safe_repr,
)

#: The smallest secret key for production, in bytes.
MIN_KEY_BYTES = 32
#: A command that prints a good key.
KEY_COMMAND = "python3 -c 'import secrets; print(secrets.token_hex(32))'"
#: Quart derives these from other settings while they are None.
OPTIONAL_BOOLEANS = (
    'DEBUG',
    'PRESERVE_CONTEXT_ON_EXCEPTION',
    'PROPAGATE_EXCEPTIONS',
    'TEMPLATES_AUTO_RELOAD',
    'TRAP_BAD_REQUEST_ERRORS',
)

_HOST = re.compile(r'(?:\[[\da-fA-F:.]+\]|[\w.-]+)(?::([0-9]{1,5}))?')


def validation_errors(
    config: Config, settings: Collection[Setting], name: Callable[[str], str]
) -> list[str]:
    """Return what is wrong with a config, as `NAME problem: what to do`, without secrets.

    Args:
        config: The config to validate.
        settings: The settings that have a validator. Quart's others go to `validate_type`.
        name: Returns the name under which the user set a setting.
    """
    problems: dict[str, str] = {}
    validators = {setting.name: setting.validate for setting in settings}
    for key in {**validators, **Quart.default_config}:
        validate = validators.get(key)
        problem = validate(config[key]) if validate else validate_type(key, config[key])
        if problem:
            problems[key] = problem
    errors = [f'{name(key)} {problem}' for key, problem in problems.items()]
    errors.extend(validate_combinations(config, name, problems))
    if config['PRODUCTION'] is True:
        errors.extend(validate_production_modes(config, name))
        errors.extend(validate_production_keys(config, name, problems))
        errors.extend(validate_https(config, name, problems))
    return errors


def validate_type(key: str, value: Any) -> str | None:
    """Require the type of one of Quart's own settings and, if it is about serving, its range."""
    default = Quart.default_config[key]
    if isinstance(default, bool):
        valid, expected = isinstance(value, bool), 'true or false'
    elif key in OPTIONAL_BOOLEANS:
        valid, expected = isinstance(value, bool | None), 'true or false, or to null'
    elif isinstance(default, timedelta):
        seconds = value.total_seconds() if isinstance(value, timedelta) else value
        valid = value is None or (is_number(seconds) and seconds >= 0 and fits_cookie_date(seconds))
        expected = 'a number of seconds, or to null'
    elif key in ('BODY_TIMEOUT', 'RESPONSE_TIMEOUT'):
        valid = value is None or (is_number(value) and value > 0 and fits_cookie_date(value))
        expected = 'a positive number of seconds, or to null for no limit'
    elif is_number(default):
        # NaN is not 0 or more.
        valid = value is None or (is_number(value) and value >= 0)
        expected = 'a number, or to null for no limit'
    elif key == 'SERVER_NAME':
        # Another value matches no request: every page would return 404.
        match = _HOST.fullmatch(value) if isinstance(value, str) else None
        valid = value is None or bool(match and int(match[1] or 0) <= 65535)
        expected = 'a host, with a port if there is one, or to null'
    elif isinstance(default, str):
        valid, expected = isinstance(value, str), 'a string'
    else:
        return None
    return None if valid else f'is {safe_repr(value)}: set it to {expected}'


def validate_combinations(
    config: Config, name: Callable[[str], str], invalid: Collection[str]
) -> Iterator[str]:
    """Yield the errors of settings that are valid by themselves, but not together.

    Args:
        config: The config to validate.
        name: Returns the name under which the user set a setting.
        invalid: Settings that are wrong by themselves, which are not compared.
    """
    samesite, cookie_name = (
        '' if key in invalid else config[key] or ''
        for key in ('SESSION_COOKIE_SAMESITE', 'SESSION_COOKIE_NAME')
    )
    make_secure = f'set {name("SESSION_COOKIE_SECURE")} to true'
    if samesite.title() == 'None' and not is_secure(config):
        yield (
            f'{name("SESSION_COOKIE_SAMESITE")} is None, which browsers refuse without Secure: '
            f'{make_secure}'
        )
    # Browsers ignore the case of the prefix (RFC 6265bis, 4.1.3).
    if cookie_name.lower().startswith('__secure-') and not is_secure(config):
        yield (
            f'{name("SESSION_COOKIE_NAME")} is {safe_repr(cookie_name)}, which browsers refuse '
            f'without Secure: {make_secure}'
        )
    if cookie_name.lower().startswith('__host-'):
        for key, remedy in host_prefix_obstacles(config).items():
            if key in invalid:
                continue
            yield (
                f'{name("SESSION_COOKIE_NAME")} is {safe_repr(cookie_name)}, which browsers '
                f'refuse while {name(key)} is {safe_repr(config[key])}: {remedy}, or choose '
                'another name'
            )
    if config['SESSION_TYPE'] == 'cookie':
        for key, problem in cookie_problems(config):
            if key not in invalid:
                yield f'{name(key)} {problem}'
    if config['SESSION_TYPE'] == 'redis':
        yield from selection_errors(config, name, 'is not set, nor is REDIS_URL')


def validate_production_modes(config: Config, name: Callable[[str], str]) -> Iterator[str]:
    """Yield the errors of settings with which Quart shows source code and local variables."""
    for key in ('DEBUG', 'TESTING'):
        if config[key] is True:
            yield (
                f'{name(key)} is true in production, where an error would show source code to '
                'users: set it to false'
            )


def validate_production_keys(
    config: Config, name: Callable[[str], str], invalid: Collection[str]
) -> Iterator[str]:
    """Yield the errors of keys that are too short for production.

    Args:
        config: The config to validate.
        name: Returns the name under which the user set a setting.
        invalid: Settings whose value is wrong for another reason.
    """
    size = _key_size(config['SECRET_KEY'])
    if 'SECRET_KEY' not in invalid and size < MIN_KEY_BYTES:
        problem = 'not set' if config['SECRET_KEY'] is None else f'only {size} bytes long'
        yield (
            f'{name("SECRET_KEY")} is {problem} in production: set it to at least '
            f'{MIN_KEY_BYTES} random bytes, as {KEY_COMMAND} prints them'
        )
    fallbacks = config['SECRET_KEY_FALLBACKS']
    if 'SECRET_KEY_FALLBACKS' not in invalid and any(
        _key_size(key) < MIN_KEY_BYTES for key in fallbacks or ()
    ):
        yield (
            f'{name("SECRET_KEY_FALLBACKS")} contains a key of less than {MIN_KEY_BYTES} bytes in '
            'production, with which sessions can be forged: remove it'
        )


def _key_size(key: str | bytes | None) -> int:
    """Return the size of a key in bytes: 0 for None."""
    return len(key.encode() if isinstance(key, str) else key or b'')


def is_secure(config: Mapping[str, Any]) -> bool:
    """Return whether the session cookie is sent with Secure."""
    # Werkzeug adds Secure to Partitioned.
    return bool(config['SESSION_COOKIE_SECURE'] or config['SESSION_COOKIE_PARTITIONED'])


def host_prefix_obstacles(config: Mapping[str, Any]) -> dict[str, str]:
    """Return the settings because of which browsers refuse a `__Host-` cookie, with remedies.

    Source: RFC 6265bis, 4.1.3.2.
    """
    obstacles = {}
    if not is_secure(config):
        obstacles['SESSION_COOKIE_SECURE'] = 'set it to true'
    if config['SESSION_COOKIE_DOMAIN']:
        obstacles['SESSION_COOKIE_DOMAIN'] = 'remove it'
    path = 'SESSION_COOKIE_PATH' if config['SESSION_COOKIE_PATH'] else 'APPLICATION_ROOT'
    if config[path] != '/':
        obstacles[path] = 'set it to /'
    return obstacles

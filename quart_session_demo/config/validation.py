"""What can be wrong with the settings, each by itself and several together."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from flask import Config

from quart_session_demo.config.kinds import short
from quart_session_demo.config.redis_checks import URL_REMEDY
from quart_session_demo.config.validators import wrong_values

PRODUCTION_KEY_BYTES = 32
# What prints a good one.
KEY_COMMAND = "python -c 'import secrets; print(secrets.token_hex(32))'"


def problems(config: Config, defaults: Mapping[str, Any], name: Callable[[str], str]) -> list[str]:
    """Return what is wrong with a config and the remedy, a line each; never a secret's value.

    Args:
        config: The settings.
        defaults: Our own settings' defaults, beside Quart's: where one is a boolean, a boolean
            is demanded.
        name: Tells the name by which the user set a setting.
    """
    wrong = dict(wrong_values(config, defaults))
    found = [f'{name(key)} {problem}' for key, problem in wrong.items()]
    found.extend(_wrong_together(config, name, wrong))
    if config['PRODUCTION'] is True:
        found.extend(_wrong_production_keys(config, name))
    return found


def _wrong_together(
    config: Config, name: Callable[[str], str], wrong: Collection[str]
) -> Iterator[str]:
    # A value that is wrong by itself cannot be compared with others.
    same_site, cookie_name = (
        '' if key in wrong else config[key] or ''
        for key in ('SESSION_COOKIE_SAMESITE', 'SESSION_COOKIE_NAME')
    )
    make_secure = f'set {name("SESSION_COOKIE_SECURE")} to true'
    if same_site.title() == 'None' and not is_secure(config):
        yield (
            f'{name("SESSION_COOKIE_SAMESITE")} is None, which browsers refuse without Secure: '
            f'{make_secure}'
        )
    # RFC 6265bis, 4.1.3: browsers compare the prefix without regard to case.
    if cookie_name.lower().startswith('__secure-') and not is_secure(config):
        yield (
            f'{name("SESSION_COOKIE_NAME")} is {short(cookie_name)}, which browsers refuse '
            f'without Secure: {make_secure}'
        )
    if cookie_name.lower().startswith('__host-'):
        for key, remedy in host_prefix_obstacles(config).items():
            if key in wrong:
                continue
            yield (
                f'{name("SESSION_COOKIE_NAME")} is {short(cookie_name)}, which browsers refuse '
                f'while {name(key)} is {short(config[key])}: {remedy}, or choose another name'
            )
    if config['SESSION_TYPE'] == 'redis' and config['SESSION_REDIS_URL'] is None:
        yield f'{name("SESSION_REDIS_URL")} is not set, nor is REDIS_URL: {URL_REMEDY}'


def _wrong_production_keys(config: Config, name: Callable[[str], str]) -> Iterator[str]:
    size = _size(config['SECRET_KEY'])
    if size is not None and size < PRODUCTION_KEY_BYTES:
        yield (
            f'{name("SECRET_KEY")} is '
            f'{"not set" if config["SECRET_KEY"] is None else f"only {size} bytes long"} in '
            f'production: set it to at least {PRODUCTION_KEY_BYTES} random bytes, as {KEY_COMMAND} '
            'prints them'
        )
    fallbacks = config['SECRET_KEY_FALLBACKS']
    if isinstance(fallbacks, list | tuple) and any(
        0 < (_size(key) or 0) < PRODUCTION_KEY_BYTES for key in fallbacks
    ):
        yield (
            f'{name("SECRET_KEY_FALLBACKS")} holds a key of less than {PRODUCTION_KEY_BYTES} bytes '
            'in production, with which sessions can be forged: remove it'
        )


def _size(key: Any) -> int | None:
    """Return the bytes of a key, none of None; None when it is no key."""
    if isinstance(key, str):
        return len(key.encode('utf-8', 'replace'))
    return len(key or b'') if isinstance(key, bytes | None) else None


def is_secure(config: Config) -> bool:
    """Tell whether the session cookie is sent with Secure."""
    # Werkzeug sends Secure with Partitioned.
    return bool(config['SESSION_COOKIE_SECURE'] or config['SESSION_COOKIE_PARTITIONED'])


def host_prefix_obstacles(config: Config) -> dict[str, str]:
    """Return the settings with which browsers refuse a `__Host-` cookie, each with its remedy.

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

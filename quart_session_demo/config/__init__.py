"""Every setting of `create_app`: default, environment and mapping, read and validated."""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from flask import Config
from quart import Quart

from quart_session_demo.config.misspellings import misspellings
from quart_session_demo.config.serving import (
    validate_hsts,
    validate_trusted_hosts,
    validate_trusted_proxies,
)
from quart_session_demo.config.validation import (
    host_prefix_obstacles,
    is_secure,
    validation_errors,
)
from quart_session_demo.sessions.redis_selection import redis_sources
from quart_session_demo.sessions.settings import SESSION_SETTINGS, UNSET, Setting
from quart_session_demo.sessions.validators import validate_boolean

#: Every setting, in the order of the documentation.
SETTINGS: tuple[Setting, ...] = (
    Setting(
        'PRODUCTION',
        'the defaults of the column “in production”, and keys of at least 32 bytes',
        validate_boolean,
        False,
    ),
    *SESSION_SETTINGS,
    Setting(
        'PLAYGROUND',
        'the page at `/playground/`, which signs any value that a user types; the start prints its '
        'address, and a 404 in a browser links it',
        validate_boolean,
        True,
        False,
    ),
    Setting(
        'TRUSTED_HOSTS',
        'the hosts that users may request, without ports; one that starts with a dot includes its '
        'subdomains; another host gets 400, except for `/health`; none allows every host',
        validate_trusted_hosts,
    ),
    Setting(
        'TRUSTED_PROXIES',
        'the addresses and networks of the proxies in front of the app, or their number, whose '
        '`X-Forwarded-*` and `Forwarded` headers are obeyed; none ignores these headers',
        validate_trusted_proxies,
    ),
    Setting(
        'FORCE_HTTPS',
        'redirects http to https, except for `/health`; in production it needs `TRUSTED_PROXIES`',
        validate_boolean,
        False,
    ),
    Setting(
        'STRICT_TRANSPORT_SECURITY',
        'the value of the header with that name, which makes browsers use https only; none sends '
        'no header',
        validate_hsts,
        # Browsers would apply the header to every port of localhost.
        None,
        # OWASP ASVS 5.0, 3.4.1: at least one year, with every subdomain.
        'max-age=31536000; includeSubDomains',
    ),
)
#: The default of each setting.
DEFAULTS: Mapping[str, Any] = {setting.name: setting.default for setting in SETTINGS}
#: The defaults that `PRODUCTION` changes.
PRODUCTION_DEFAULTS: Mapping[str, Any] = {
    setting.name: setting.production_default
    for setting in SETTINGS
    if setting.production_default is not UNSET
}

#: Settings whose value in the environment is a string even if it is valid JSON, such as 123.
STRING_SETTINGS = (
    'SECRET_KEY',
    'SESSION_COOKIE_DOMAIN',
    'SESSION_COOKIE_NAME',
    'SESSION_COOKIE_PATH',
    'SESSION_KEY_PREFIX',
    'SESSION_REDIS_SENTINEL_SERVICE',
    'SESSION_REDIS_URL',
    'SESSION_SQLALCHEMY_URL',
    'SESSION_TYPE',
    'STRICT_TRANSPORT_SECURITY',
)

#: The key in `app.extensions` of the warnings about names, in an app of `create_app`.
NAME_WARNINGS = 'quart_session_demo.name_warnings'

#: The environment variable in which many platforms set the URL of their Redis.
PLATFORM_REDIS_URL = 'REDIS_URL'


class ConfigError(Exception):
    """Raised by `create_app` if settings are wrong; the message is one line."""


def name_warnings(
    mapping: Mapping[str, Any], environment: Mapping[str, str] = os.environ
) -> Iterator[str]:
    """Yield a warning for each misspelled setting in the environment and in the mapping."""
    known = {*DEFAULTS, *Quart.default_config}
    return misspellings(environment, mapping, known)


def load_config(config: Config, mapping: Mapping[str, Any]) -> Callable[[str], str]:
    """Set the defaults, then `QUART_*` from the environment, then the mapping, and validate.

    Args:
        config: The app's config.
        mapping: Settings that override the environment.

    Returns:
        A function that returns the name under which the user set a setting, for messages.

    Raises:
        ConfigError: Settings are wrong. The message names all of them.
    """
    env = _environment(config)
    chosen = {**env, **mapping}
    config.from_mapping({**DEFAULTS, **chosen})
    if config['PRODUCTION'] is True:
        config.from_mapping({**PRODUCTION_DEFAULTS, **chosen})
        if 'SESSION_COOKIE_NAME' not in chosen and host_prefix_obstacles(config):
            prefix = '__Secure-' if is_secure(config) else ''
            config['SESSION_COOKIE_NAME'] = prefix + DEFAULTS['SESSION_COOKIE_NAME']
    if config['SESSION_TYPE'] == 'redis' and not redis_sources(config):
        config['SESSION_REDIS_URL'] = os.environ.get(PLATFORM_REDIS_URL)

    def name(key: str) -> str:
        if key == 'SESSION_REDIS_URL' and chosen.get(key) is None and config[key] is not None:
            return PLATFORM_REDIS_URL
        from_mapping = key in mapping or (mapping and key not in env)
        return key if from_mapping else f'QUART_{key}'

    if errors := validation_errors(config, SETTINGS, name):
        raise ConfigError('; '.join(errors))
    return name


def _environment(config: Config) -> dict[str, Any]:
    env = Config(config.root_path)
    try:
        env.from_prefixed_env('QUART')
    except TypeError:
        nested = sorted(name for name in os.environ if re.match('QUART_[^_].*__', name))
        raise ConfigError(
            f'{" and ".join(nested)} sets an item of a setting that is not a dict: remove it, or '
            'the variable of that setting'
        ) from None
    for key, value in env.items():
        text = os.environ.get(f'QUART_{key}', '')
        is_string = key in STRING_SETTINGS and not isinstance(value, str | None)
        # JSON accepts spaces around true and false.
        has_spaces = isinstance(value, bool) and text not in ('true', 'false')
        if text and (is_string or has_spaces):
            env[key] = text
    # Quart's command line sets these two values.
    if (debug := os.environ.get('QUART_DEBUG')) in ('0', '1'):
        env['DEBUG'] = debug == '1'
    return env

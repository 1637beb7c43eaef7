"""Every setting: our defaults, the environment's, the caller's, and what is wrong with them."""

import os
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from flask import Config

from quart_session_demo.config.validation import host_prefix_obstacles, problems

DEFAULTS: Mapping[str, Any] = {
    # The lesson's ten days. Flask's default is 31; two hours is hours=2, not the slip hour=2.
    'PERMANENT_SESSION_LIFETIME': timedelta(days=10),
    # Shows, changes and signs whatever a visitor types.
    'PLAYGROUND': True,
    'PRODUCTION': False,
    # In seconds; none.
    'SESSION_ABSOLUTE_LIFETIME': None,
    'SESSION_COOKIE_HTTPONLY': True,
    'SESSION_COOKIE_SAMESITE': 'Lax',
    # Off, so that plain http on localhost works.
    'SESSION_COOKIE_SECURE': False,
    # Flask-Session's names, and its prefix.
    'SESSION_KEY_PREFIX': 'session:',
    # The smallest Redis of a PaaS takes twenty; a deploy has two processes for a while.
    'SESSION_REDIS_MAX_CONNECTIONS': 10,
    # In seconds.
    'SESSION_REDIS_TIMEOUT': 0.5,
    # A PaaS's REDIS_URL, when this is not set.
    'SESSION_REDIS_URL': None,
    'SESSION_TYPE': 'cookie',
    # The header's value. Off, because browsers apply it to every port of localhost.
    'STRICT_TRANSPORT_SECURITY': None,
}

# With PRODUCTION, unless they are chosen; a key is demanded too.
PRODUCTION_DEFAULTS: Mapping[str, Any] = {
    'PLAYGROUND': False,
    'SESSION_COOKIE_SECURE': True,
    # ASVS 5.0, 3.4.1: a year at least, and every subdomain.
    'STRICT_TRANSPORT_SECURITY': 'max-age=31536000; includeSubDomains',
}
PRODUCTION_COOKIE_NAME = '__Host-session'

# What JSON would turn into a number or a boolean is meant as text here.
TEXTS = (
    *('SECRET_KEY', 'SESSION_COOKIE_DOMAIN', 'SESSION_COOKIE_NAME', 'SESSION_COOKIE_PATH'),
    *('SESSION_KEY_PREFIX', 'SESSION_REDIS_URL', 'SESSION_TYPE', 'STRICT_TRANSPORT_SECURITY'),
)

# The name that add-ons of a PaaS use; it is read as it is.
PAAS_REDIS_URL = 'REDIS_URL'


class ConfigError(Exception):
    """Raised by `create_app` when settings are wrong: which, why and the remedy, in one line."""


def load(config: Config, mapping: Mapping[str, Any]) -> Callable[[str], str]:
    """Fill a Quart config: defaults, then `QUART_*` from the environment, then the mapping.

    Returns:
        What tells the name by which the user set a setting, for messages.

    Raises:
        ConfigError: Settings are wrong; it names them all.
    """
    env = _environment(config)
    chosen = {**env, **mapping}
    config.from_mapping({**DEFAULTS, **chosen})
    if config['PRODUCTION'] is True:
        config.from_mapping({**PRODUCTION_DEFAULTS, **chosen})
        if 'SESSION_COOKIE_NAME' not in chosen and not host_prefix_obstacles(config):
            config['SESSION_COOKIE_NAME'] = PRODUCTION_COOKIE_NAME

    if config['SESSION_TYPE'] == 'redis' and config['SESSION_REDIS_URL'] is None:
        config['SESSION_REDIS_URL'] = os.environ.get(PAAS_REDIS_URL)

    def name(key: str) -> str:
        if key == 'SESSION_REDIS_URL' and chosen.get(key) is None and config[key] is not None:
            return PAAS_REDIS_URL
        from_mapping = key in mapping or (mapping and key not in env)
        return key if from_mapping else f'QUART_{key}'

    if found := problems(config, DEFAULTS, name):
        raise ConfigError('; '.join(found))
    return name


def _environment(config: Config) -> dict[str, Any]:
    env = Config(config.root_path)
    try:
        env.from_prefixed_env('QUART')
    except TypeError:
        nested = sorted(name for name in os.environ if re.match('QUART_[^_].*__', name))
        raise ConfigError(
            f'{" and ".join(nested)}: what stands before __ names a setting that must be a dict, '
            'and is none: remove one of the two'
        ) from None
    for key, value in env.items():
        text = os.environ.get(f'QUART_{key}', '')
        meant_as_text = key in TEXTS and not isinstance(value, str | None)
        # JSON allows blanks around it.
        inexact = isinstance(value, bool) and text not in ('true', 'false')
        if text and (meant_as_text or inexact):
            env[key] = text
    # As Quart's own command line sets it.
    if (debug := os.environ.get('QUART_DEBUG')) in ('0', '1'):
        env['DEBUG'] = debug == '1'
    return env

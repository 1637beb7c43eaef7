"""Every setting: our defaults, the environment's, the caller's, and what is wrong with them."""

import os
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import Config
from quart.helpers import get_debug_flag

from quart_session_demo.config.checks import host_prefix_obstacles, problems

DEFAULTS: Mapping[str, Any] = {
    # The lesson's ten days. Flask's default is 31; two hours is hours=2, not the slip hour=2.
    'PERMANENT_SESSION_LIFETIME': timedelta(days=10),
    'PRODUCTION': False,
    'SESSION_COOKIE_HTTPONLY': True,
    'SESSION_COOKIE_SAMESITE': 'Lax',
    # Off, so that plain http on localhost works.
    'SESSION_COOKIE_SECURE': False,
}

# With PRODUCTION, unless they are chosen; a key is demanded too.
PRODUCTION_DEFAULTS: Mapping[str, Any] = {
    'SESSION_COOKIE_SECURE': True,
}
PRODUCTION_COOKIE_NAME = '__Host-session'

# What JSON would turn into a number or a boolean is meant as text here.
TEXTS = ('SECRET_KEY', 'SESSION_COOKIE_DOMAIN', 'SESSION_COOKIE_NAME', 'SESSION_COOKIE_PATH')


class ConfigError(Exception):
    """Raised by `create_app` when settings are wrong: which, why and the remedy, in one line."""


def load(config: Config, mapping: Mapping[str, Any]) -> None:
    """Fill a Quart config: defaults, then `QUART_*` from the environment, then the mapping.

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

    def name(key: str) -> str:
        from_mapping = key in mapping or (mapping and key not in env)
        return key if from_mapping else f'QUART_{key}'

    if found := list(problems(config, DEFAULTS, name)):
        raise ConfigError('; '.join(found))


def _environment(config: Config) -> dict[str, Any]:
    env = Config(config.root_path)
    try:
        env.from_prefixed_env('QUART')
    except TypeError:
        raise ConfigError(
            'QUART_A__B sets an item of QUART_A, which is no dict here: remove one of the two'
        ) from None
    for key in TEXTS:
        if key in env and not isinstance(env[key], str | None):
            env[key] = os.environ.get(f'QUART_{key}', env[key])
    if 'DEBUG' in env:
        # Quart's own reading of QUART_DEBUG, in which 1 and yes are true.
        env['DEBUG'] = get_debug_flag()
    return env

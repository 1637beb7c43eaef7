"""Find invalid settings of an app that was not built by `create_app`."""

from collections.abc import Iterator
from functools import partial

from quart import Quart

from quart_session_demo.config.serving import (
    validate_hsts,
    validate_trusted_hosts,
    validate_trusted_proxies,
)
from quart_session_demo.config.validation import validate_type
from quart_session_demo.sessions.base import Finding
from quart_session_demo.sessions.cookie import CookieSessionInterface
from quart_session_demo.sessions.settings import COOKIE_SETTINGS, SESSION_SETTINGS
from quart_session_demo.sessions.validators import validate_boolean

INVALID = Finding('setting-invalid', 'error', '{name} {problem}', '{remedy}')
FINDINGS = (INVALID,)

HSTS = 'STRICT_TRANSPORT_SECURITY'
#: The rules of settings that our middleware and the demo app obey.
SERVING_RULES = {
    'FORCE_HTTPS': validate_boolean,
    'TRUSTED_HOSTS': validate_trusted_hosts,
    'TRUSTED_PROXIES': validate_trusted_proxies,
    HSTS: validate_hsts,
}


def setting_errors(app: Quart) -> dict[str, str]:
    """Return which settings are invalid in an app that was not built by `create_app`.

    Returns:
        By the setting's name, what is wrong and what to do.
    """
    # Our session interfaces validate the settings of their stores.
    rules = {
        setting.name: setting.validate
        for setting in SESSION_SETTINGS
        if setting.name in Quart.default_config
    }
    if isinstance(app.session_interface, CookieSessionInterface):
        # This one validates its settings only when the app starts.
        for setting in COOKIE_SETTINGS:
            if setting.name in app.config:
                rules[setting.name] = setting.validate
    rules['SERVER_NAME'] = partial(validate_type, 'SERVER_NAME')
    rules.update((name, rule) for name, rule in SERVING_RULES.items() if name in app.config)
    errors = {name: validate(app.config[name]) for name, validate in rules.items()}
    return {name: error for name, error in errors.items() if error}


def invalid_settings(app: Quart) -> Iterator[Finding]:
    """Yield each invalid setting of an app."""
    for name, error in setting_errors(app).items():
        problem, _, remedy = error.rpartition(': ')
        yield INVALID.fill(
            name=f'QUART_{name}',
            problem=problem,
            remedy=remedy[0].upper() + remedy[1:],
        )

"""What can be wrong with the value of each setting."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from flask import Config
from quart import Quart

from quart_session_demo.config.kinds import fits_a_date, is_number, is_utf8, short
from quart_session_demo.config.redis_checks import REDIS_CHECKS

# Quart decides these by others, as long as they are None.
SWITCHES = (
    *('DEBUG', 'PRESERVE_CONTEXT_ON_EXCEPTION', 'PROPAGATE_EXCEPTIONS'),
    *('TEMPLATES_AUTO_RELOAD', 'TRAP_BAD_REQUEST_ERRORS'),
)


def wrong_values(config: Config, defaults: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield single settings and what is wrong with them; see `checks.problems`."""
    for key, default in {**Quart.default_config, **defaults}.items():
        value = config[key]
        if isinstance(default, bool) and not isinstance(value, bool):
            yield key, f'is {short(value)}: set it to true or false'
        elif key in SWITCHES and not isinstance(value, bool | None):
            yield key, f'is {short(value)}: set it to true or false, or to null'
        elif key not in CHECKS and is_number(default) and not _is_limit(value):
            yield key, f'is {short(value)}: set it to a number, or to null for no limit'
    for key, check in CHECKS.items():
        if problem := check(config[key]):
            yield key, problem


def _is_limit(value: Any) -> bool:
    return value is None or (is_number(value) and value >= 0)


def _wrong_key(value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str | bytes):
        return f'is of type {type(value).__name__}: set it to a string or bytes'
    if not value:
        return 'is empty: set it to a long random string, or remove it'
    return None if is_utf8(value) else 'is not UTF-8: set it to text or, in Python, bytes'


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
    if not all(isinstance(key, str | bytes) and key and is_utf8(key) for key in value):
        return f'holds something that is not a non-empty string: {remedy}'
    return None


def _wrong_lifetime(value: Any) -> str | None:
    remedy = 'set it to a positive number of seconds, such as 864000 for 10 days'
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    # NaN alone differs from itself.
    if not is_number(seconds) or seconds != seconds:
        return f'is {short(value)}: {remedy}'
    if seconds < 0.001:
        return f'is {short(value)}, so that every session ends at once: {remedy}'
    if fits_a_date(seconds):
        return None
    return f'is {short(value)}, too long for the date in a cookie: {remedy}'


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
    if re.search(r'[;\x00-\x1f\x7f-\x9f]', value):
        return f'is {short(value)}: remove the semicolon or control character from it'
    return None if is_utf8(value) else f'is {short(value)}, which is not UTF-8: set it to text'


def _wrong_domain(value: Any) -> str | None:
    if (problem := _wrong_text(value)) or not value:
        return problem
    try:
        # As Werkzeug sends it.
        name, _, port = value.partition(':')
        host = name.lstrip('.').encode('idna').decode('ascii')
    except UnicodeError:
        host = ''
    if re.fullmatch(r'[\w-]+(\.[\w-]+)*', host, re.ASCII) and re.fullmatch(r'\d*', port):
        return None
    return f'is {short(value)}, no domain name: set it to one such as example.com'


def _wrong_path(value: Any) -> str | None:
    if problem := _wrong_text(value):
        return problem
    if value and not value.startswith('/'):
        return f'is {short(value)}, which browsers ignore: start it with /'
    return None


def _wrong_root(value: Any) -> str | None:
    if problem := _wrong_path(value):
        return problem
    # Without one, a browser keeps a cookie to the folder that set it.
    return None if value else f'is {short(value)}: set it to a path, such as /'


def _wrong_host(value: Any) -> str | None:
    if problem := _wrong_text(value):
        return problem
    if value is not None and not re.fullmatch(r'(\[[\da-fA-F:.]+\]|[\w.-]+)(:\d+)?', value):
        return f'is {short(value)}: set it to a host, with the port when there is one, or to null'
    return None


def _wrong_timeout(value: Any) -> str | None:
    if value is None or (is_number(value) and value > 0 and fits_a_date(value)):
        return None
    return f'is {short(value)}: set it to a positive number of seconds, or to null for no limit'


def _wrong_max_age(value: Any) -> str | None:
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    if _is_limit(seconds) and (seconds is None or fits_a_date(seconds)):
        return None
    return f'is {short(value)}: set it to a number of seconds, or to null'


def _wrong_scheme(value: Any) -> str | None:
    if value in ('http', 'https'):
        return None
    return f'is {short(value)}: set it to http or https'


def _wrong_hosts(value: Any) -> str | None:
    if value is None or (
        isinstance(value, list | tuple) and all(isinstance(host, str) for host in value)
    ):
        return None
    return f'is {short(value)}: set it to a list of hosts, in JSON ["example.com"], or to null'


def _wrong_size(value: Any) -> str | None:
    if isinstance(value, int) and is_number(value) and value >= 0:
        return None
    return f'is {short(value)}: set it to a number of bytes, such as 4093, or 0 for no limit'


def _wrong_hsts(value: Any) -> str | None:
    # RFC 6797, 6.1.
    if value is None or (
        isinstance(value, str)
        and re.fullmatch(r'max-age=\d+(; *includeSubDomains)?(; *preload)?', value, re.ASCII)
    ):
        return None
    return (
        f'is {short(value)}: set it to the header, such as "max-age=31536000; '
        'includeSubDomains", or to null to send none'
    )


CHECKS: Mapping[str, Callable[[Any], str | None]] = {
    'SECRET_KEY': _wrong_key,
    'SECRET_KEY_FALLBACKS': _wrong_fallbacks,
    'PERMANENT_SESSION_LIFETIME': _wrong_lifetime,
    'SESSION_COOKIE_SAMESITE': _wrong_samesite,
    'SESSION_COOKIE_NAME': _wrong_name,
    'SESSION_COOKIE_DOMAIN': _wrong_domain,
    'SESSION_COOKIE_PATH': _wrong_path,
    'APPLICATION_ROOT': _wrong_root,
    'SERVER_NAME': _wrong_host,
    'TRUSTED_HOSTS': _wrong_hosts,
    'PREFERRED_URL_SCHEME': _wrong_scheme,
    'BODY_TIMEOUT': _wrong_timeout,
    'RESPONSE_TIMEOUT': _wrong_timeout,
    'SEND_FILE_MAX_AGE_DEFAULT': _wrong_max_age,
    'MAX_COOKIE_SIZE': _wrong_size,
    'STRICT_TRANSPORT_SECURITY': _wrong_hsts,
    **REDIS_CHECKS,
}

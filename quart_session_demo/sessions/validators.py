"""Validators of session settings: each returns what is wrong with a value, or None.

The text is `problem: what to do`, and follows the name of the setting in a message.
"""

import re
import reprlib
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from typing import Any

from quart_session_demo.sessions.extras import install_command

#: The URL schemes that redis-py reads.
REDIS_SCHEMES = (
    'redis://',
    'rediss://',
    'unix://',
)
#: The values of `SESSION_TYPE`, each with the extra and the packages that it needs.
SESSION_TYPES = {
    'cookie': ('',),
    'memory': ('',),
    'redis': ('redis', 'redis'),
    'sqlalchemy': ('sql', 'sqlalchemy', 'aiosqlite', 'asyncpg'),
}
#: What to do about a wrong or missing URL.
REDIS_URL_REMEDY = 'set it to a URL such as redis://:password@host:6379/0 (rediss:// encrypts)'

#: What to do about a wrong URL of a database.
SQL_URL_REMEDY = (
    'set it to a URL such as postgresql://user:password@host/database or sqlite:////path/to/file'
)


def safe_repr(value: Any) -> str:
    """Return a value for a message: shortened, on one line."""
    try:
        return ' '.join(reprlib.repr(value).split())
    except ValueError:
        # Python does not convert integers of more than 4300 digits.
        return 'too large a number to write'


def is_number(value: Any) -> bool:
    """Return whether a value is a number. A boolean, which is an int in Python, is not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_utf8(value: str | bytes) -> bool:
    """Return whether a string can be encoded in UTF-8; always true for bytes."""
    # Undecodable bytes of the environment are lone surrogates in a string (PEP 383).
    return isinstance(value, bytes) or not re.search('[\ud800-\udfff]', value)


def fits_cookie_date(seconds: float) -> bool:
    """Return whether a cookie can carry the date that is this many seconds from now."""
    try:
        # One year less than possible: later requests add the same seconds to a later time.
        return (datetime.now(UTC) + timedelta(seconds=seconds)).year < datetime.max.year
    except OverflowError:
        return False


def validate_boolean(value: Any) -> str | None:
    """Require true or false."""
    return None if isinstance(value, bool) else f'is {safe_repr(value)}: set it to true or false'


def validate_key(value: Any) -> str | None:
    """Require a non-empty string or bytes, or None."""
    # The value is secret: no message shows it.
    if value is None:
        return None
    if not isinstance(value, str | bytes):
        return f'is of type {type(value).__name__}: set it to a string or bytes'
    if not value:
        return 'is empty: set it to a long random string, or remove it'
    return None if is_utf8(value) else 'is not valid UTF-8: set it to text or, in Python, bytes'


def validate_fallback_keys(value: Any) -> str | None:
    """Require a list of keys, or None."""
    remedy = 'set it to a list of the old keys, in JSON ["old-key"]'
    if isinstance(value, str | bytes):
        return (
            'is one string, and Quart would accept each of its characters as a signing key, so '
            f'that anyone can forge a session: {remedy}'
        )
    if value is None:
        return None
    if not isinstance(value, list | tuple):
        return f'is of type {type(value).__name__}: {remedy}'
    if not all(isinstance(key, str | bytes) and key and is_utf8(key) for key in value):
        return f'contains something that is not a non-empty string: {remedy}'
    return None


def validate_lifetime(value: Any) -> str | None:
    """Require a positive number of seconds, or a timedelta."""
    remedy = 'set it to a positive number of seconds, such as 864000 for 10 days'
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    # Only NaN differs from itself.
    if not is_number(seconds) or seconds != seconds:
        return f'is {safe_repr(value)}: {remedy}'
    if seconds < 0.001:
        return f'is {safe_repr(value)}, so that every session expires at once: {remedy}'
    if not fits_cookie_date(seconds):
        return f'is {safe_repr(value)}, too long for the date in a cookie: {remedy}'
    return None


def validate_optional_lifetime(value: Any) -> str | None:
    """Require a positive number of seconds, or None."""
    if value is None or (is_number(value) and value >= 0.001 and fits_cookie_date(value)):
        return None
    return (
        f'is {safe_repr(value)}: set it to a number of seconds, such as 43200 for 12 hours, or to '
        'null for no limit'
    )


def validate_cookie_name(value: Any) -> str | None:
    """Require a token (RFC 6265, 4.1.1, and RFC 9110, 5.6.2)."""
    if isinstance(value, str) and re.fullmatch(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+", value):
        return None
    return (
        f'is {safe_repr(value)}: set it to a name of letters, digits and the characters '
        "!#$%&'*+-.^_`|~, such as session"
    )


def validate_attribute(value: Any) -> str | None:
    """Require a string that can be the value of a cookie attribute, or None."""
    if value is None:
        return None
    if not isinstance(value, str):
        return f'is of type {type(value).__name__}: set it to a string, or to null for none'
    if re.search(r'[;\x00-\x1f\x7f-\x9f]', value):
        return f'is {safe_repr(value)}: remove the semicolon or control character from it'
    return None if is_utf8(value) else f'is {safe_repr(value)}, not valid UTF-8: set it to text'


def validate_domain(value: Any) -> str | None:
    """Require a domain name, or None."""
    if (problem := validate_attribute(value)) or not value:
        return problem
    try:
        # The form in which Werkzeug sends it.
        name, _, port = value.partition(':')
        host = name.lstrip('.').encode('idna').decode('ascii')
    except UnicodeError:
        host = ''
    if re.fullmatch(r'[\w-]+(\.[\w-]+)*', host, re.ASCII) and re.fullmatch(r'\d*', port):
        return None
    return f'is {safe_repr(value)}, not a domain name: set it to one such as example.com'


def validate_path(value: Any) -> str | None:
    """Require a path, or None."""
    if problem := validate_attribute(value):
        return problem
    if value and not value.startswith('/'):
        return f'is {safe_repr(value)}, which browsers ignore: start it with /'
    return None


def validate_application_root(value: Any) -> str | None:
    """Require a path."""
    if problem := validate_path(value):
        return problem
    # Without a path, browsers limit a cookie to the folder of the page that set it.
    return None if value else f'is {safe_repr(value)}: set it to a path, such as /'


def validate_samesite(value: Any) -> str | None:
    """Require one of the three values, or None."""
    # Werkzeug accepts any case.
    if value is None or (isinstance(value, str) and value.title() in {'Lax', 'Strict', 'None'}):
        return None
    return f'is {safe_repr(value)}: set it to Lax, Strict or None, or to null to send none'


def validate_cookie_size(value: Any) -> str | None:
    """Require a number of bytes."""
    if isinstance(value, int) and is_number(value) and value >= 0:
        return None
    return f'is {safe_repr(value)}: set it to a number of bytes, such as 4093, or 0 for no limit'


def validate_content_size(value: Any) -> str | None:
    """Require a positive number of bytes."""
    if isinstance(value, int) and is_number(value) and value > 0:
        return None
    return f'is {safe_repr(value)}: set it to a number of bytes, such as 262144'


def validate_session_type(value: Any) -> str | None:
    """Require one of `SESSION_TYPES`, and the packages that it needs."""
    if not isinstance(value, str) or value not in SESSION_TYPES:
        return f'is {safe_repr(value)}: set it to {", ".join(SESSION_TYPES)}'
    extra, *packages = SESSION_TYPES[value]
    if any(find_spec(package) is None for package in packages):
        return f'is {value}, which needs the extra {extra!r}: {install_command(extra)}'
    return None


def validate_redis_url(value: Any) -> str | None:
    """Require a URL that redis-py reads, or None."""
    # The value may contain a password: no message shows it.
    if value is None or (isinstance(value, str) and value.startswith(REDIS_SCHEMES)):
        return None
    return f'does not begin with {", ".join(REDIS_SCHEMES)}: {REDIS_URL_REMEDY}'


def validate_sql_url(value: Any) -> str | None:
    """Require a string, or None. `SQLStore` validates the URL."""
    # The value may contain a password: no message shows it.
    if value is None or (isinstance(value, str) and is_utf8(value)):
        return None
    return f'is not a string of valid UTF-8: {SQL_URL_REMEDY}'


def validate_sentinels(value: Any) -> str | None:
    """Require a list of addresses, `host:port`, or None."""
    # Somebody may write a URL with a password here: no message shows the value.
    remedy = 'set it to a list of addresses, in JSON ["host:26379"]'
    if value is None:
        return None
    if not isinstance(value, list | tuple):
        return f'is of type {type(value).__name__}: {remedy}'
    if not value:
        return f'is empty: {remedy}'
    if not all(isinstance(address, str) and _is_address(address) for address in value):
        return f'contains something that is not a host and its port: {remedy}'
    return None


def _is_address(address: str) -> bool:
    match = re.fullmatch(r'(\[[\da-fA-F:.]+\]|[\w.-]+):(\d{1,5})', address, re.ASCII)
    return match is not None and 0 < int(match[2]) < 2**16


def validate_sentinel_service(value: Any) -> str | None:
    """Require a non-empty string, or None."""
    if value is None or (isinstance(value, str) and value and is_utf8(value)):
        return None
    return f'is {safe_repr(value)}: set it to the name of a service, such as mymaster'


def validate_redis_client(value: Any) -> str | None:
    """Require something that is not a plain value, or None. The store checks the rest."""
    # A string may be a URL with a password: no message shows the value.
    if isinstance(value, str | bytes | bool | int | float | list | dict):
        return (
            f'is of type {type(value).__name__}: set it in Python, to a redis.asyncio client or a '
            'function that returns one, or remove it and set SESSION_REDIS_URL'
        )
    return None


def validate_timeout(value: Any) -> str | None:
    """Require a number of seconds."""
    if is_number(value) and 0.001 <= value <= 3600:
        return None
    return f'is {safe_repr(value)}: set it to a number of seconds from 0.001 to 3600'


def validate_connections(value: Any) -> str | None:
    """Require a positive integer."""
    if isinstance(value, int) and is_number(value) and value > 0:
        return None
    return f'is {safe_repr(value)}: set it to a number of connections, such as 10'


def validate_close_code(value: Any) -> str | None:
    """Require a code that an app may use (RFC 6455, 7.4.2)."""
    if isinstance(value, int) and is_number(value) and 3000 <= value <= 4999:
        return None
    return f'is {safe_repr(value)}: set it to a number from 3000 to 4999, such as 4401'


def validate_key_prefix(value: Any) -> str | None:
    """Require a non-empty string."""
    if isinstance(value, str) and value and is_utf8(value):
        return None
    return f'is {safe_repr(value)}: set it to the first part of the keys, such as session:'

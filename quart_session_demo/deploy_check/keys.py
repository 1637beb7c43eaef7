"""Check the secret key and its fallbacks."""

import json
import os
from collections.abc import Iterator
from typing import NamedTuple

from quart import Quart
from quart.sessions import SecureCookieSessionInterface

from quart_session_demo import secret_key
from quart_session_demo.config.validation import KEY_COMMAND, MIN_KEY_BYTES
from quart_session_demo.deploy_check.guessable_keys import is_guessable
from quart_session_demo.deploy_check.pasted_keys import clean_key
from quart_session_demo.sessions.base import Finding, SessionInterface

_NEW_KEY = f'Set it to what {KEY_COMMAND} prints'


class _Weaknesses(NamedTuple):
    """The findings about one key."""

    short: Finding
    guessable: Finding
    pasted: Finding


MISSING = Finding('secret-key-missing', 'error', 'QUART_SECRET_KEY is not set', _NEW_KEY)
FILE = Finding(
    'secret-key-file',
    'error',
    'QUART_SECRET_KEY is not set; the app uses the key in {file}, which other machines and the '
    'next deploy do not have',
    _NEW_KEY,
)
KEY = _Weaknesses(
    Finding(
        'secret-key-short',
        'error',
        f'QUART_SECRET_KEY has only {{size}} bytes; at least {MIN_KEY_BYTES} are safe',
        _NEW_KEY,
    ),
    Finding(
        'secret-key-guessable',
        'error',
        'QUART_SECRET_KEY repeats itself or looks like an example',
        _NEW_KEY,
    ),
    Finding(
        'secret-key-pasted',
        # A warning only: such a key is as secret as without.
        'warning',
        'QUART_SECRET_KEY was pasted with quotes, white space or its name; a process that has the '
        'key without them refuses the sessions of the others',
        'Set it without them, which logs everyone out',
    ),
)
FALLBACK_IS_KEY = Finding(
    'fallback-is-key',
    'warning',
    'QUART_SECRET_KEY_FALLBACKS contains the current QUART_SECRET_KEY, so no key was replaced',
    'Remove it from the list, or set a new QUART_SECRET_KEY',
)
FALLBACK = _Weaknesses(
    Finding(
        'fallback-short',
        'error',
        'A key in QUART_SECRET_KEY_FALLBACKS has only {size} bytes; at least '
        f'{MIN_KEY_BYTES} are safe',
        'Remove it',
    ),
    Finding(
        'fallback-guessable',
        'error',
        'A key in QUART_SECRET_KEY_FALLBACKS repeats itself or looks like an example',
        'Remove it',
    ),
    Finding(
        'fallback-pasted',
        'warning',
        'A key in QUART_SECRET_KEY_FALLBACKS was pasted with quotes, white space or its name; if '
        'the old key had none, sessions that it signed are refused',
        'Write it as the old key was',
    ),
)
FINDINGS = (MISSING, FILE, *KEY, FALLBACK_IS_KEY, *FALLBACK)


def key_findings(app: Quart) -> Iterator[Finding]:
    """Yield what is unsafe about an app's keys, without any part of them."""
    key = _bytes(app.secret_key or b'')
    if secret_key.is_generated(app) and secret_key.key_file(app).exists():
        yield FILE.fill(file=secret_key.key_file(app))
    elif secret_key.is_generated(app) or (not key and _needs_key(app.session_interface)):
        yield MISSING
    if key:
        yield from _weaknesses(_as_written(key), KEY)
    for fallback in dict.fromkeys(map(_bytes, app.config['SECRET_KEY_FALLBACKS'] or ())):
        if fallback == key:
            yield FALLBACK_IS_KEY
        else:
            yield from _weaknesses(fallback, FALLBACK)


def _needs_key(interface: object) -> bool:
    # Our interfaces sign a cookie's content or the id in it; another one may sign nothing.
    return isinstance(interface, SessionInterface | SecureCookieSessionInterface)


def _bytes(key: str | bytes) -> bytes:
    return key.encode() if isinstance(key, str) else key


def _as_written(key: bytes) -> bytes:
    """Return a key as it is in the environment, from which Quart reads JSON without its quotes."""
    text = os.environ.get('QUART_SECRET_KEY', '')
    try:
        is_json = json.loads(text) == key.decode()
    except ValueError:
        return key
    return os.fsencode(text) if is_json else key


def _weaknesses(key: bytes, findings: _Weaknesses) -> Iterator[Finding]:
    clean = clean_key(key)
    if clean != key:
        yield findings.pasted
    if len(clean) < MIN_KEY_BYTES:
        yield findings.short.fill(size=len(clean))
    elif is_guessable(clean):
        yield findings.guessable

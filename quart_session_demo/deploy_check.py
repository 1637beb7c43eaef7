"""What `check-deploy` looks at: settings that work, and are unsafe in production."""

import hashlib
import re
import zlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from quart import Quart

from quart_session_demo import secret_key
from quart_session_demo.config.validation import (
    KEY_COMMAND,
    PRODUCTION_KEY_BYTES,
    host_prefix_obstacles,
    is_secure,
)
from quart_session_demo.sessions.base import Finding

# What keys in examples are made of. A random key holds none of them by chance.
GUESSABLE = (
    *('00010203', '00112233', '0123456789', '1234567890', '123e4567-e89b', '1qaz2wsx'),
    *('31415926', '-key-', '_key_', 'a1b2c3d4', 'abcdefgh', 'application', 'asdfgh', 'change'),
    *('correcthorse', 'default', 'dev-key', 'development', 'dummy-', 'example', 'heroku'),
    *('insecure', 'key-here', 'my-key', 'passphrase', 'password', 'placeholder', 'please'),
    *('production', 'quickbrownfox', 'qwerty', 'qwertz', 'random', 'replace', 'secret'),
    *('session', 'your-', 'your_', 'zhiliao'),
    # The one in Flask's documentation.
    '192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf',
)
# Words with something between them; random letters do not look like five in a row.
PHRASE = re.compile(r'([A-Z]?[a-z]{2,}[-_.]){4}[A-Z]?[a-z]')
SHORTEST_HSTS = timedelta(days=365)
# Flask's default is the longest: a stolen cookie is good for as long.
LONGEST_LIFETIME = timedelta(days=31)
SHORTEST_LIFETIME = timedelta(minutes=1)


def findings(app: Quart) -> Iterator[Finding]:
    """Yield what is unsafe about an app's settings; never a secret's value."""
    yield from _of_keys(app)
    yield from _of_cookie(app)
    if app.debug:
        yield Finding(
            'debug-on',
            'error',
            'Debug mode shows source code and settings to visitors',
            'Remove QUART_DEBUG',
        )
    if app.config.get('PLAYGROUND'):
        yield Finding(
            'playground-on',
            'error',
            'The playground signs whatever a visitor types: with a key that another app uses too, '
            "visitors forge that app's sessions",
            'Set QUART_PLAYGROUND to false',
        )
    hsts = app.config['STRICT_TRANSPORT_SECURITY']
    if not hsts or int(re.sub(r'\D', '', hsts)) < SHORTEST_HSTS.total_seconds():
        yield Finding(
            'hsts-off',
            'warning',
            'Browsers are not told to come back over https alone, for a year (OWASP ASVS 5.0, '
            '3.4.1)',
            'Set QUART_STRICT_TRANSPORT_SECURITY to max-age=31536000; includeSubDomains',
        )


async def findings_of_store(app: Quart) -> list[Finding]:
    """Return what is unsafe about where sessions are kept, which its interface looks at."""
    interface: Any = app.session_interface
    return list(await interface.store_findings())


def _of_keys(app: Quart) -> Iterator[Finding]:
    new_key = f'Set it to what {KEY_COMMAND} prints'
    if secret_key.stands_in(app):
        file = secret_key.key_file(app)
        if file.exists():
            yield Finding(
                'secret-key-file',
                'error',
                f'QUART_SECRET_KEY is not set; the key in {file}, which other machines and the '
                'next deploy do not have, stands in for it',
                new_key,
            )
        else:
            yield Finding('secret-key-missing', 'error', 'QUART_SECRET_KEY is not set', new_key)
    key = _bytes(app.secret_key or b'')
    yield from _of_key(key, 'QUART_SECRET_KEY', 'secret-key', new_key)
    for fallback in dict.fromkeys(map(_bytes, app.config['SECRET_KEY_FALLBACKS'] or ())):
        if fallback == key:
            yield Finding(
                'fallback-is-key',
                'warning',
                'QUART_SECRET_KEY_FALLBACKS holds the key of QUART_SECRET_KEY: nothing was rolled',
                'Remove it from the list, or set a new QUART_SECRET_KEY',
            )
        else:
            yield from _of_key(
                fallback, 'A key in QUART_SECRET_KEY_FALLBACKS', 'fallback', 'Remove it'
            )


def _of_key(key: bytes, name: str, prefix: str, remedy: str) -> Iterator[Finding]:
    if len(key) < PRODUCTION_KEY_BYTES:
        yield Finding(
            f'{prefix}-short',
            'error',
            f'{name} is only {len(key)} bytes long, {PRODUCTION_KEY_BYTES} are safe',
            remedy,
        )
    elif _is_guessable(key):
        yield Finding(
            f'{prefix}-guessable',
            'error',
            f'{name} repeats itself or looks like an example',
            remedy,
        )


def _is_guessable(key: bytes) -> bool:
    text = key.decode('latin-1')
    lowered = text.lower()
    return (
        # zlib needs more than 32 bytes even for 32 random hexadecimal digits.
        len(zlib.compress(key)) < PRODUCTION_KEY_BYTES
        # A sentence, or a variable that nobody replaced. Random bytes are not all ASCII.
        or (text.isascii() and (' ' in text or '${' in text))
        or text.isdecimal()
        or PHRASE.search(text) is not None
        # Backwards too.
        or any(word in lowered or word in lowered[::-1] for word in GUESSABLE)
        or any(digest in lowered for digest in _digests('', 'admin', 'test', *GUESSABLE))
    )


def _digests(*words: str) -> Iterator[str]:
    for word in words:
        for name in ('md5', 'sha1', 'sha256'):
            yield hashlib.new(name, word.encode(), usedforsecurity=False).hexdigest()


def _bytes(key: str | bytes) -> bytes:
    return key.encode() if isinstance(key, str) else key


def _of_cookie(app: Quart) -> Iterator[Finding]:
    config = app.config
    if not is_secure(config):
        yield Finding(
            'cookie-not-secure',
            'error',
            'The session cookie travels over plain http (OWASP ASVS 5.0, 3.3.1)',
            'Set QUART_SESSION_COOKIE_SECURE to true',
        )
    if not config['SESSION_COOKIE_HTTPONLY']:
        yield Finding(
            'cookie-not-httponly',
            'error',
            'Scripts can read the session cookie (OWASP ASVS 5.0, 3.3.4)',
            'Set QUART_SESSION_COOKIE_HTTPONLY to true',
        )
    samesite = config['SESSION_COOKIE_SAMESITE']
    if samesite is None or samesite.title() == 'None':
        yield Finding(
            'cookie-samesite',
            # None in so many words is somebody's decision; nothing at all is the browser's.
            'error' if samesite is None else 'warning',
            'The session cookie goes along with requests that other sites make (OWASP ASVS 5.0, '
            '3.3.2)',
            'Set QUART_SESSION_COOKIE_SAMESITE to Lax or Strict',
        )
    if not config['SESSION_COOKIE_NAME'].lower().startswith('__host-'):
        obstacles = [
            f'QUART_{key}: {remedy}' for key, remedy in host_prefix_obstacles(config).items()
        ]
        yield Finding(
            'cookie-no-host-prefix',
            'warning',
            'Other hosts of the same domain can set the session cookie (OWASP ASVS 5.0, 3.3.3)',
            '; '.join(['Set QUART_SESSION_COOKIE_NAME to __Host-session', *obstacles]),
        )
    lifetime = app.permanent_session_lifetime
    if not SHORTEST_LIFETIME <= lifetime <= LONGEST_LIFETIME:
        yield Finding(
            'lifetime',
            'warning',
            f'A permanent session lasts {lifetime}; up to {LONGEST_LIFETIME.days} days are usual',
            'Set QUART_PERMANENT_SESSION_LIFETIME to a number of seconds such as 864000, 10 days',
        )
    absolute = config['SESSION_ABSOLUTE_LIFETIME']
    if absolute is not None and config['SESSION_TYPE'] == 'cookie':
        yield Finding(
            'absolute-lifetime-ignored',
            'warning',
            'QUART_SESSION_ABSOLUTE_LIFETIME is set, and ends no session: a signed cookie does not '
            'tell when its session began',
            'Set QUART_SESSION_TYPE to redis, or remove it',
        )
    elif absolute is not None and absolute < SHORTEST_LIFETIME.total_seconds():
        yield Finding(
            'absolute-lifetime',
            'warning',
            f'A session ends after {absolute:g} s, however active',
            'Set QUART_SESSION_ABSOLUTE_LIFETIME to a number of seconds such as 43200, 12 hours',
        )

"""All findings about settings. The findings about a store are beside the store."""

from quart_session_demo.config.validation import KEY_COMMAND, MIN_KEY_BYTES
from quart_session_demo.sessions.base import Finding

_NEW_KEY = f'Set it to what {KEY_COMMAND} prints'

#: Templates: the check fills the placeholders in message and remedy.
FINDINGS: tuple[Finding, ...] = (
    Finding('setting-invalid', 'error', '{name} {problem}', '{remedy}'),
    Finding('secret-key-missing', 'error', 'QUART_SECRET_KEY is not set', _NEW_KEY),
    Finding(
        'secret-key-file',
        'error',
        'QUART_SECRET_KEY is not set; the app uses the key in {file}, which other machines and '
        'the next deploy do not have',
        _NEW_KEY,
    ),
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
        'fallback-is-key',
        'warning',
        'QUART_SECRET_KEY_FALLBACKS contains the current QUART_SECRET_KEY, so no key was replaced',
        'Remove it from the list, or set a new QUART_SECRET_KEY',
    ),
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
        'cookie-not-secure',
        'error',
        'Browsers send the session cookie over plain http too (OWASP ASVS 5.0, 3.3.1)',
        'Set QUART_SESSION_COOKIE_SECURE to true',
    ),
    Finding(
        'cookie-not-httponly',
        'error',
        'Scripts can read the session cookie (OWASP ASVS 5.0, 3.3.4)',
        'Set QUART_SESSION_COOKIE_HTTPONLY to true',
    ),
    Finding(
        'cookie-samesite',
        'error',
        'The session cookie has no SameSite attribute, so some browsers send it with requests '
        'from other sites (OWASP ASVS 5.0, 3.3.2)',
        'Set QUART_SESSION_COOKIE_SAMESITE to Lax or Strict',
    ),
    Finding(
        'cookie-samesite',
        # A warning only: an app that other sites embed needs this value.
        'warning',
        'The session cookie has SameSite=None, so browsers send it with requests from other sites '
        '(OWASP ASVS 5.0, 3.3.2)',
        'Set QUART_SESSION_COOKIE_SAMESITE to Lax or Strict',
    ),
    Finding(
        'cookie-no-host-prefix',
        'warning',
        'Other hosts of the same domain can set the session cookie (OWASP ASVS 5.0, 3.3.3)',
        'Set QUART_SESSION_COOKIE_NAME to __Host-session{obstacles}',
    ),
    Finding(
        'cookie-no-secure-prefix',
        'warning',
        'A response over plain http can set the session cookie (OWASP ASVS 5.0, 3.3.1)',
        'If the cookie needs its domain or path, set QUART_SESSION_COOKIE_NAME to __Secure-session',
    ),
    Finding(
        'lifetime',
        'warning',
        'A permanent session lasts {lifetime}; from 1 minute to 31 days are usual',
        'Set QUART_PERMANENT_SESSION_LIFETIME to a number of seconds such as 864000, 10 days',
    ),
    Finding(
        'lifetime-needs-server',
        'error',
        'QUART_{name} has no effect on a cookie session: a signed cookie holds only the time of '
        'its last signature',
        'Store sessions on a server, or remove it',
    ),
    Finding(
        'browser-lifetime',
        'warning',
        'A session that is not permanent lasts {lifetime} without use, as long as a permanent one',
        'Set QUART_SESSION_BROWSER_LIFETIME to a number of seconds such as 86400, a day',
    ),
    Finding(
        'absolute-lifetime',
        'warning',
        'A session expires after {seconds:g} s even if it is used',
        'Set QUART_SESSION_ABSOLUTE_LIFETIME to a number of seconds such as 43200, 12 hours',
    ),
    Finding(
        'absolute-lifetime-missing',
        'warning',
        'A session on a server lasts as long as it is used, even if it was stolen (OWASP ASVS 5.0, '
        '7.3.2)',
        'Set QUART_SESSION_ABSOLUTE_LIFETIME to a number of seconds such as 43200, 12 hours',
    ),
    Finding(
        'debug-on',
        'error',
        'Debug mode shows source code and settings to users',
        'Remove QUART_DEBUG',
    ),
    Finding(
        'testing-on',
        'error',
        'An app that is being tested shows source code and settings to users',
        'Remove QUART_TESTING',
    ),
    Finding(
        'playground-on',
        'error',
        'The playground signs any value that a user types: users can forge the sessions of '
        'another app that has the same key',
        'Set QUART_PLAYGROUND to false, or do not register the playground',
    ),
    Finding(
        'hsts-off',
        'warning',
        'Browsers may use plain http again within a year (OWASP ASVS 5.0, 3.4.1)',
        'Set QUART_STRICT_TRANSPORT_SECURITY to max-age=31536000; includeSubDomains',
    ),
    Finding(
        'hsts-subdomains',
        'warning',
        'Browsers may use plain http for subdomains (OWASP ASVS 5.0, 3.4.1)',
        'Set QUART_STRICT_TRANSPORT_SECURITY to max-age=31536000; includeSubDomains',
    ),
)

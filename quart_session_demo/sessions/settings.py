"""The settings of sessions and keys, in any app: their defaults and what they must be."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from quart_session_demo.sessions.limits import (
    CONTENT_LIMIT,
    DEFAULT_CONTENT_LIMIT,
    DEFAULT_STORED_LIMIT,
    STORED_LIMIT,
)
from quart_session_demo.sessions.validators import (
    validate_application_root,
    validate_boolean,
    validate_close_code,
    validate_connections,
    validate_content_size,
    validate_cookie_name,
    validate_cookie_size,
    validate_domain,
    validate_fallback_keys,
    validate_key,
    validate_key_prefix,
    validate_lifetime,
    validate_optional_lifetime,
    validate_path,
    validate_redis_client,
    validate_redis_url,
    validate_samesite,
    validate_sentinel_service,
    validate_sentinels,
    validate_session_type,
    validate_sql_url,
    validate_timeout,
)

#: The production default of a setting that production does not change.
UNSET: Any = object()


@dataclass(frozen=True)
class Setting:
    """One setting.

    Attributes:
        name: Its name in `app.config`.
        description: What it does, in one phrase.
        validate: Returns what is wrong with a value and what to do, or None when it is valid.
        default: Its default in `create_app` and, where Quart has no such setting, in any app.
        production_default: Its default with `PRODUCTION`, or `UNSET` if that is the same.
        default_text: The default as the documentation shows it, where the value is no help.
    """

    name: str
    description: str
    validate: Callable[[Any], str | None]
    default: Any = None
    production_default: Any = UNSET
    default_text: str | None = None


def complete_settings(config: dict[str, Any], settings: tuple[Setting, ...]) -> None:
    """Set the defaults of some settings in an app's config, and validate them.

    Raises:
        ValueError: A setting is wrong. The message names it, the problem and what to do.
    """
    for setting in settings:
        value = config.setdefault(setting.name, setting.default)
        if problem := setting.validate(value):
            raise ValueError(f'{setting.name} {problem}')


# The names below are Flask-Session's if it has such a setting.

#: Selects the store.
SESSION_TYPE = Setting(
    'SESSION_TYPE',
    'where sessions are stored: `cookie`, `memory` (for tests and examples, in one process), '
    '`redis`, which needs the extra `redis`, or `sqlalchemy`, which needs the extra `sql`',
    validate_session_type,
    'cookie',
)

#: A setting of all sessions.
SESSION_PERMANENT = Setting(
    'SESSION_PERMANENT',
    'every session is permanent, except those for which the app sets `session.permanent` to false',
    validate_boolean,
    False,
)

#: The settings of cookie sessions that Flask and Quart do not have.
COOKIE_SETTINGS: tuple[Setting, ...] = (
    SESSION_PERMANENT,
    Setting(
        CONTENT_LIMIT,
        'the largest content of a session cookie in bytes, before its compression; a larger cookie '
        'is not read, and a changed session that is larger is refused with 413',
        validate_content_size,
        DEFAULT_CONTENT_LIMIT,
    ),
)

#: The settings of sessions in any store.
SERVER_SETTINGS: tuple[Setting, ...] = (
    SESSION_PERMANENT,
    Setting(
        'SESSION_BROWSER_LIFETIME',
        'the seconds that a session on a server lasts without use if it is not permanent; if it '
        'is not set, as long as a permanent one',
        validate_optional_lifetime,
    ),
    Setting(
        'SESSION_ABSOLUTE_LIFETIME',
        'the seconds after which a session on a server expires, even if it is used',
        validate_optional_lifetime,
    ),
    Setting(
        'SESSION_STORE_DEVICE',
        'a login stores the browser’s name and the IP address in the session, for '
        '`list_sessions`; by the law of many countries, both are personal data',
        validate_boolean,
        False,
    ),
    Setting(
        STORED_LIMIT,
        'the largest session on a server in bytes, with the names of its keys; a changed session '
        'that is larger is refused with 413 and stays as it was, unless it shrinks',
        validate_content_size,
        DEFAULT_STORED_LIMIT,
    ),
    Setting(
        'SESSION_WEBSOCKET_CHECK',
        'an open websocket whose session has ended is closed within this many seconds, from 0.001 '
        'to 3600; in this time, each process reads the sessions of all its open websockets once',
        validate_timeout,
        10.0,
    ),
    Setting(
        'SESSION_WEBSOCKET_CLOSE_CODE',
        'the code with which such a websocket is closed, from 3000 to 4999',
        validate_close_code,
        4401,
    ),
)

#: A setting of sessions in Redis and in a SQL database.
KEY_PREFIX = Setting(
    'SESSION_KEY_PREFIX',
    'the first part of the keys in the store; choose another for each app that shares a Redis or '
    'a database',
    validate_key_prefix,
    'session:',
)

#: The settings of sessions in Redis.
REDIS_SETTINGS: tuple[Setting, ...] = (
    Setting(
        'SESSION_REDIS_URL',
        'the Redis server: `redis://`, `rediss://` (encrypted) or `unix://`; if it is not set, '
        '`create_app` reads `REDIS_URL`, without `QUART_`, as many platforms name it',
        validate_redis_url,
    ),
    Setting(
        'SESSION_REDIS_CLUSTER',
        'whether `SESSION_REDIS_URL` is a node of a Redis Cluster',
        validate_boolean,
        False,
    ),
    Setting(
        'SESSION_REDIS_SENTINELS',
        'a list of Sentinels, `["host:26379"]`, which find the primary; instead of '
        '`SESSION_REDIS_URL`',
        validate_sentinels,
    ),
    Setting(
        'SESSION_REDIS_SENTINEL_SERVICE',
        'the name of the service that the Sentinels monitor',
        validate_sentinel_service,
    ),
    Setting(
        'SESSION_REDIS',
        'in Python only, a `redis.asyncio` client, or a function without arguments that returns '
        'one for each event loop; instead of `SESSION_REDIS_URL`',
        validate_redis_client,
    ),
    Setting(
        'SESSION_REDIS_TIMEOUT',
        'the seconds for each attempt to reach Redis, from 0.001 to 3600; after two attempts, or '
        'five while Redis responds to other requests, a page that uses the session returns 503',
        validate_timeout,
        0.5,
    ),
    Setting(
        'SESSION_REDIS_MAX_CONNECTIONS',
        'the connections to Redis that each process may open; in a cluster, to each node',
        validate_connections,
        # The smallest Redis of many platforms accepts 20; during a deploy two processes run.
        10,
    ),
    KEY_PREFIX,
)

#: The settings of sessions in a SQL database.
SQL_SETTINGS: tuple[Setting, ...] = (
    Setting(
        'SESSION_SQLALCHEMY_URL',
        'the database: `sqlite:///` and the path of a file, or `postgresql://`; if it is not set, '
        'SQLite in the file `sessions.db` of the instance folder',
        validate_sql_url,
    ),
    Setting(
        'SESSION_SQLALCHEMY_TIMEOUT',
        'the seconds for each of two attempts to use the database, from 0.001 to 3600; after '
        'that, a page that uses the session returns 503',
        validate_timeout,
        # Longer than that of Redis: PostgreSQL starts a process for each connection.
        2.0,
    ),
)

#: Every setting to do with sessions and keys.
SESSION_SETTINGS: tuple[Setting, ...] = (
    Setting(
        'SECRET_KEY',
        'signs the cookies; required in production, with at least 32 bytes. If it is not set, '
        'the first server that starts writes one to `instance/secret_key` (mode 0600), which all '
        'workers and later starts share',
        validate_key,
        default_text='stored in a file',
    ),
    Setting(
        'SECRET_KEY_FALLBACKS',
        'a list of old keys whose cookies are still accepted, `["old-key"]`',
        validate_fallback_keys,
    ),
    Setting(
        'PERMANENT_SESSION_LIFETIME',
        'how long a permanent session lasts, in seconds, or a `timedelta` in Python; Flask’s own '
        'default is 31 days (2678400), two hours are 7200',
        validate_lifetime,
        timedelta(days=10),
        default_text='10 days',
    ),
    Setting(
        'SESSION_REFRESH_EACH_REQUEST',
        'uses extend a session, too; in the cookie, each response extends a permanent session',
        validate_boolean,
        True,
    ),
    Setting(
        'SESSION_COOKIE_NAME',
        'the name of the cookie; in production `__Secure-session` with a domain or with another '
        'path than `/`, and `session` without Secure: browsers would refuse the prefix `__Host-`',
        validate_cookie_name,
        'session',
        '__Host-session',
    ),
    Setting(
        'SESSION_COOKIE_SECURE',
        'browsers send the cookie over https only',
        validate_boolean,
        # On localhost, browsers may use plain http.
        False,
        True,
    ),
    Setting('SESSION_COOKIE_HTTPONLY', 'scripts cannot read the cookie', validate_boolean, True),
    Setting(
        'SESSION_COOKIE_SAMESITE',
        'whether browsers send the cookie with requests from other sites: `Lax`, `Strict`, `None` '
        '(with Secure only), or null to send no such attribute',
        validate_samesite,
        'Lax',
    ),
    Setting(
        'SESSION_COOKIE_DOMAIN',
        'the domain whose hosts all receive the cookie; none is this host only',
        validate_domain,
    ),
    Setting(
        'SESSION_COOKIE_PATH',
        'the path below which browsers send the cookie',
        validate_path,
        default_text='`APPLICATION_ROOT`',
    ),
    Setting(
        'APPLICATION_ROOT',
        'the path below which the app is served; the cookie’s path unless `SESSION_COOKIE_PATH` '
        'is set',
        validate_application_root,
        '/',
    ),
    Setting(
        'SESSION_COOKIE_PARTITIONED',
        'browsers store a separate cookie for each top-level site; implies Secure',
        validate_boolean,
        False,
    ),
    Setting(
        'MAX_COOKIE_SIZE',
        'the largest cookie in bytes, with name and attributes, or 0 for no limit; a changed '
        'session that needs more is refused with 413 and stays as it was',
        validate_cookie_size,
        4093,
    ),
    SESSION_TYPE,
    *COOKIE_SETTINGS,
    *(setting for setting in SERVER_SETTINGS if setting not in COOKIE_SETTINGS),
    *REDIS_SETTINGS,
    *SQL_SETTINGS,
)

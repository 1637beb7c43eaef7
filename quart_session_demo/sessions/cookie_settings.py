"""The settings of an app with cookie sessions, and those that it must not have."""

from collections.abc import Iterator, Mapping
from typing import Any

from quart_session_demo.sessions.settings import COOKIE_SETTINGS, complete_settings

#: A signed cookie holds only the time of its last signature, so it cannot have these.
SERVER_LIFETIMES = (
    'SESSION_ABSOLUTE_LIFETIME',
    'SESSION_BROWSER_LIFETIME',
)


def cookie_problems(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the name of each setting that needs sessions on a server, and what to do."""
    for name in SERVER_LIFETIMES:
        if config.get(name) is not None:
            yield (
                name,
                'needs sessions on a server, because a signed cookie holds only the time of its '
                'last signature: remove it, or store the sessions on a server',
            )


def complete_cookie_settings(config: dict[str, Any]) -> None:
    """Set the defaults of the settings of cookie sessions, and validate them.

    Raises:
        ValueError: A setting is wrong. The message names it, the problem and what to do.
    """
    complete_settings(config, COOKIE_SETTINGS)
    check_lifetimes(config)


def check_lifetimes(config: Mapping[str, Any]) -> None:
    """Check that no setting needs sessions on a server.

    Raises:
        ValueError: There is one. The message names it, the problem and what to do.
    """
    for name, problem in cookie_problems(config):
        raise ValueError(f'{name} {problem}')

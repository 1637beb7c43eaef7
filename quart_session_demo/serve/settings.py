"""Read how to serve from the environment variables that platforms set."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

DEFAULT_PORT = 8000
DEFAULT_GRACEFUL_TIMEOUT = 25.0
DEFAULT_DRAIN_SECONDS = 1.0
MAX_PROCESSES = 1000
#: What does not end this long after the graceful timeout is abandoned: platforms such as Heroku
#: kill a process 30 s after SIGTERM.
ABANDON_SECONDS = 3


class ServeError(Exception):
    """Raised if an app cannot be served; the message is one line."""


@dataclass(frozen=True)
class Settings:
    """How to serve an app.

    Attributes:
        port: The port, 0 for any that is free.
        processes: How many processes serve the app.
        graceful_timeout: The seconds from the signal to stop until open requests are ended.
        drain_seconds: For how many of these seconds new connections are accepted.
    """

    port: int
    processes: int
    graceful_timeout: float
    drain_seconds: float


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Return the settings in these environment variables, or their defaults.

    Raises:
        ServeError: A variable is wrong. The message names it, the problem and what to do.
    """
    graceful_timeout = _seconds(environment, 'GRACEFUL_TIMEOUT', DEFAULT_GRACEFUL_TIMEOUT)
    default_drain = min(DEFAULT_DRAIN_SECONDS, graceful_timeout)
    settings = Settings(
        port=_integer(environment, 'PORT', DEFAULT_PORT, 0, 65535),
        processes=_integer(environment, 'WEB_CONCURRENCY', 1, 1, MAX_PROCESSES),
        graceful_timeout=graceful_timeout,
        drain_seconds=_seconds(environment, 'DRAIN_SECONDS', default_drain),
    )
    if settings.drain_seconds > settings.graceful_timeout:
        raise ServeError(
            f'DRAIN_SECONDS ({settings.drain_seconds:g}) is more than GRACEFUL_TIMEOUT '
            f'({settings.graceful_timeout:g}), which includes it: set DRAIN_SECONDS to less'
        )
    return settings


def _integer(
    environment: Mapping[str, str], name: str, default: int, minimum: int, maximum: int
) -> int:
    text = environment.get(name, str(default)).strip()
    if not re.fullmatch('[0-9]{1,9}', text) or not minimum <= int(text) <= maximum:
        raise ServeError(
            f'{name} is {_safe_repr(text)}: set it to a number from {minimum} to {maximum}, or '
            f'remove it for {default}'
        )
    return int(text)


def _seconds(environment: Mapping[str, str], name: str, default: float) -> float:
    text = environment.get(name, str(default)).strip()
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    # NaN is not 0 or more.
    if not 0 <= seconds <= 86400:
        raise ServeError(
            f'{name} is {_safe_repr(text)}: set it to a number of seconds, at most 86400, or '
            f'remove it for {default:g}'
        )
    return seconds


def _safe_repr(text: str) -> str:
    return ascii(text[:40]) if text else 'empty'

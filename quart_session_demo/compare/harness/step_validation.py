"""Validate the values of a steps file that types alone do not validate."""

import json
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from quart_session_demo.compare.harness.fields import Field, suggest
from quart_session_demo.compare.harness.recording import IGNORED_HEADERS
from quart_session_demo.sessions.inspector import nesting_levels

#: How deep the JSON of a step may be nested. Python's own limit is some hundreds.
MAX_DEPTH = 100
#: The names that can follow a `$`.
CAPTURE_NAME = re.compile(r'[a-z_][a-z0-9_]*', re.I | re.A)


def validate_restart(environment: Mapping[str, str]) -> None:
    """Raise `ValueError` if a process cannot have these environment variables."""
    for name, value in environment.items():
        if not name or '=' in name:
            raise ValueError(
                f'`restart`: {name!r} cannot be the name of an environment variable: choose another'
            )
        if '\0' in f'{name}{value}':
            raise ValueError('`restart` holds a NUL character: remove it')


def validate_json(value: Any) -> None:
    """Raise `ValueError` if a value is not JSON, or is nested too deeply."""
    if sum(1 for _ in nesting_levels(value)) > MAX_DEPTH:
        raise ValueError(f'`json` is nested too deeply: use at most {MAX_DEPTH} levels')
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(f'`json`: {error}') from None


def validate_random(names: Iterable[str]) -> None:
    """Raise `ValueError` if a name cannot be that of a session key or a cookie."""
    for name in names:
        kind, dot, rest = name.partition('.')
        if not name:
            raise ValueError("`random`: '' is no name: remove it")
        if dot and kind.lower() in ('session', 'cookie'):
            raise ValueError(
                f'`random`: {name!r} is not the name of a session key or cookie: write {rest!r}'
            )


def validate_fields(key: str, names: Iterable[str]) -> None:
    """Raise `ValueError` if a name is not that of a field that is compared."""
    for name in names:
        try:
            field = Field.parse(name)
        except ValueError as error:
            raise ValueError(f'`{key}`: {error}') from None
        if field.kind in IGNORED_HEADERS:
            raise ValueError(f'`{key}`: {name!r} is never compared: remove it')


def validate_captured_fields(key: str, names: Iterable[str], captures: Collection[str]) -> None:
    """Raise `ValueError` if a name is that of a capture that there is not."""
    for name in names:
        field = Field.parse(name)
        if field.kind == 'capture' and field.name not in {None, *captures}:
            known = [f'capture.{capture}' for capture in captures]
            raise ValueError(
                f'`{key}`: nothing captures {field.name!r}: correct or remove {name!r}'
                f'{suggest(name, known)}'
            )


def validate_captures(captures: Mapping[str, str]) -> None:
    """Raise `ValueError` if a capture's name or pattern is wrong."""
    for name, pattern in captures.items():
        _validate_capture(name, pattern)


def _validate_capture(name: str, pattern: str) -> None:
    if not CAPTURE_NAME.fullmatch(name):
        raise ValueError(
            f'`capture`: the name {name!r} is wrong: use ASCII letters, digits and _, '
            'with no digit first'
        )
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        raise ValueError(f'`capture` of {name!r}: {error}') from None
    if groups != 1:
        raise ValueError(f'`capture` of {name!r} has {groups} groups: use exactly one')

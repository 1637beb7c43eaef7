"""The steps of users: requests, captured values, and differences on purpose."""

import json
import re
from collections.abc import Iterable, Mapping
from string import Template
from typing import Annotated, Any

import msgspec

from quart_session_demo.compare.harness.fields import Field
from quart_session_demo.sessions.inspector import nesting_levels

#: How deep the JSON of a step may be nested. Python's own limit is some hundreds.
MAX_DEPTH = 100
#: The names that can follow a `$`.
CAPTURE_NAME = re.compile(r'[a-z_][a-z0-9_]*', re.I | re.A)


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One request of one user or, with `restart`, a restart of both servers.

    Attributes:
        name: Unique in the file.
        path: With the query string, if any.
        user: Each user has separate cookies and captured values. The TOML key is `visitor`.
        method: The HTTP method.
        headers: Sent as they are. A `Cookie` here replaces the user's cookies.
        form: The fields of a form, sent as the body.
        json: A value, sent as the body in JSON.
        capture: For each name a pattern with one group, searched for in `response_text`.
        ignore: Fields that are not compared, such as `body` or `session.csrf_token`.
        handover: Before the step, the two apps exchange this user's cookies.
        wait: Seconds to wait before the step, at most an hour.
        restart: Environment variables for both servers until the next restart.
    """

    name: str
    path: str = ''
    user: str = msgspec.field(default='visitor', name='visitor')
    method: str = 'GET'
    headers: dict[str, str] = {}
    form: dict[str, str] | None = None
    json: Any = None
    capture: dict[str, str] = {}
    ignore: tuple[str, ...] = ()
    handover: bool = False
    wait: Annotated[float, msgspec.Meta(ge=0, le=3600)] = 0
    restart: dict[str, str] | None = None

    def __post_init__(self) -> None:
        """Validate what the types do not validate."""
        if self.restart is None and not self.path.startswith('/'):
            raise ValueError('`path` must start with /')
        if re.search(r'/\.\.?(/|$)', re.split('[?#]', self.path)[0]):
            raise ValueError('`path` has . or .. between slashes: write the path without them')
        if self.form is not None and self.json is not None:
            raise ValueError('`form` and `json` exclude each other: use one of them')
        # Some clients change lower case to upper case, others do not.
        if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Z-]+", self.method):
            raise ValueError(
                f'`method` {self.method!r} is not an HTTP method: write it in upper case'
            )
        for name, value in (self.restart or {}).items():
            if not name or '=' in name:
                raise ValueError(
                    f'`restart`: {name!r} cannot be the name of an environment variable: choose '
                    'another'
                )
            if '\0' in f'{name}{value}':
                raise ValueError('`restart` holds a NUL character: remove it')
        if sum(1 for _ in nesting_levels(self.json)) > MAX_DEPTH:
            raise ValueError(f'`json` is nested too deeply: use at most {MAX_DEPTH} levels')
        try:
            json.dumps(self.json, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ValueError(f'`json`: {error}') from None
        _check_fields('ignore', self.ignore)
        for name, pattern in self.capture.items():
            _check_capture(name, pattern)

    def filled(
        self, captured: Mapping[str, str]
    ) -> tuple[str, dict[str, str], dict[str, str] | None, Any]:
        """Return path, headers, form and JSON with each `$name` replaced by the captured value.

        Raises:
            KeyError: No value with that name was captured.
            ValueError: A `$` is not followed by a name.
        """
        return (
            _fill(self.path, captured),
            _fill(self.headers, captured),
            _fill(self.form, captured),
            _fill(self.json, captured),
        )

    def find(self, text: str) -> dict[str, str]:
        """Return the captures that are found in a `response_text`, with their values."""
        matches = {name: re.search(pattern, text, re.M) for name, pattern in self.capture.items()}
        return {name: match[1] for name, match in matches.items() if match and match[1] is not None}


class ExpectedDifference(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A difference on purpose, `[[declared]]` in the file.

    Attributes:
        reason: Why the apps differ.
        fields: What differs, as in `Step.ignore`.
        steps: The names of the steps where it differs; empty for every step.
    """

    reason: str
    fields: tuple[str, ...]
    steps: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Validate what the types do not validate."""
        _check_fields('fields', self.fields)


class Steps(msgspec.Struct, frozen=True):
    """The content of a steps file.

    Attributes:
        steps: In the order of the file.
        declared: The differences that are on purpose.
    """

    steps: tuple[Step, ...]
    declared: tuple[ExpectedDifference, ...]

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables that the servers start with."""
        return self.steps[0].restart or {}

    def expected(self, step: Step) -> list[ExpectedDifference]:
        """Return the differences that are expected at a step."""
        return [item for item in self.declared if not item.steps or step.name in item.steps]


def response_text(headers: Iterable[tuple[str, str]], body: str) -> str:
    """Return the text that captures search: a line `name: value` for each header, then the body.

    An empty line separates the headers from the body.
    """
    return '\n'.join([*(f'{name.lower()}: {value}' for name, value in headers), '', body])


def _check_fields(key: str, names: Iterable[str]) -> None:
    for name in names:
        try:
            Field.parse(name)
        except ValueError as error:
            raise ValueError(f'`{key}`: {error}') from None


def _check_capture(name: str, pattern: str) -> None:
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


def _fill(value: Any, captured: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        try:
            return Template(value).substitute(captured)
        except ValueError:
            raise ValueError(f'write $$ for a plain $ in {value!r}') from None
    if isinstance(value, list):
        return [_fill(item, captured) for item in value]
    if isinstance(value, dict):
        return {key: _fill(item, captured) for key, item in value.items()}
    return value

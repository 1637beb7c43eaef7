"""What users do, read from a TOML file; `docs/comparison.md` describes its format."""

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from string import Template
from typing import Annotated, Any, TypeVar

import msgspec

from quart_session_demo.compare.harness.fields import Field
from quart_session_demo.sessions.inspector import nesting_levels

T = TypeVar('T')

#: How deep the JSON of a step may be nested. Python's own limit is some hundreds.
MAX_DEPTH = 100
#: The names that can follow a $.
CAPTURE_NAME = re.compile(r'[a-z_][a-z0-9_]*', re.I | re.A)

LESSON_STEPS = Path(__file__).parent.parent / 'apps' / 'lesson' / 'steps.toml'


class StepsError(Exception):
    """A steps file is wrong: one line with the file and the step or the line in it."""


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
        """Check what the types do not check."""
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
                raise ValueError(f'`restart`: no environment variable can have the name {name!r}')
            if '\0' in f'{name}{value}':
                raise ValueError('`restart` holds a NUL character: remove it')
        if sum(1 for _ in nesting_levels(self.json)) > MAX_DEPTH:
            raise ValueError(f'`json` is nested more than {MAX_DEPTH} levels deep')
        try:
            json.dumps(self.json, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ValueError(f'`json`: {error}') from None
        _check_fields('ignore', self.ignore)
        for name, pattern in self.capture.items():
            _check_capture(name, pattern)

    def filled(self, captured: Mapping[str, str]) -> list[Any]:
        """Return path, headers, form and JSON with each `$name` replaced by the captured value."""
        request = [self.path, self.headers, self.form, self.json]
        return [_fill(value, captured) for value in request]

    def find(self, text: str) -> dict[str, str]:
        """Return the captures that are found in a `response_text`, with their values."""
        found = {name: re.search(pattern, text, re.M) for name, pattern in self.capture.items()}
        return {name: match[1] for name, match in found.items() if match and match[1] is not None}


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
        """Check what the types do not check."""
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


def load_steps(path: Path) -> Steps:
    """Read a steps file.

    Raises:
        StepsError: The file cannot be read, or is wrong.
    """
    try:
        return _parse_steps(tomllib.loads(path.read_text('utf-8')))
    except OSError as error:
        raise StepsError(f'{path}: {error.strerror}') from None
    except RecursionError:
        raise StepsError(f'{path}: a value is nested too deeply') from None
    # A syntax error states the line and the column.
    except ValueError as error:
        raise StepsError(f'{path}: {error}') from None


def response_text(headers: Iterable[tuple[str, str]], body: str) -> str:
    """Return the text that captures search: a line `name: value` a header, an empty one, body."""
    return '\n'.join([*(f'{name.lower()}: {value}' for name, value in headers), '', body])


def _parse_steps(content: dict[str, Any]) -> Steps:
    if unknown := content.keys() - {'step', 'declared'}:
        raise ValueError(f'{min(unknown)!r} is neither [[step]] nor [[declared]]')
    for kind, tables in content.items():
        if not isinstance(tables, list):
            raise ValueError(f'write [[{kind}]], with two brackets')
    tables = content.get('step', [])
    steps = _convert('step', Step, tables)
    for step, table in zip(steps, tables, strict=True):
        if step.restart is not None and (others := table.keys() - {'name', 'restart'}):
            raise ValueError(
                f'step {step.name!r}: `restart` and `{min(others)}` exclude each other: '
                'make two steps of them'
            )
    if not any(step.path for step in steps):
        raise ValueError('there is no [[step]] with a path')
    declared = _convert('declared', ExpectedDifference, content.get('declared', []))
    _check_names(steps, declared)
    return Steps(steps, declared)


def _convert(kind: str, type_: type[T], tables: list[Any]) -> tuple[T, ...]:
    converted = []
    for position, table in enumerate(tables, 1):
        try:
            converted.append(msgspec.convert(table, type_))
        except msgspec.ValidationError as error:
            names = table if isinstance(table, dict) else {}
            name = names.get('name', names.get('reason', position))
            raise ValueError(f'{kind} {name!r}: {error}') from None
    return tuple(converted)


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
        raise ValueError(f'`capture` of {name!r}: the pattern needs one group')


def _check_names(steps: tuple[Step, ...], declared: tuple[ExpectedDifference, ...]) -> None:
    names: set[str] = set()
    captured: dict[str, dict[str, str]] = {}
    for step in steps:
        if step.name in names:
            raise ValueError(f'step {step.name!r}: an earlier step has that name')
        names.add(step.name)
        known = captured.setdefault(step.user, {})
        try:
            step.filled(known)
        except KeyError as missing:
            raise ValueError(
                f'step {step.name!r}: no earlier step of {step.user!r} captures ${missing.args[0]}'
            ) from None
        except ValueError as error:
            raise ValueError(f'step {step.name!r}: {error}') from None
        known.update(step.capture)
    for item in declared:
        for missing_step in set(item.steps) - names:
            raise ValueError(f'declared {item.reason!r}: there is no step {missing_step!r}')


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

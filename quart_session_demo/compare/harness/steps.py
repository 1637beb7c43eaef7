"""What visitors do, read from a TOML file; README.md describes it."""

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from string import Template
from typing import Annotated, Any, TypeVar

import msgspec

from quart_session_demo.sessions.inspector import nesting_levels

T = TypeVar('T')

# None that people write is nearly so deep, and Python's own limit is some hundreds.
DEEPEST = 100
# A header, `status`, `body` and so on, or what the app itself names.
FIELD = re.compile(r"(?!set-cookie$)[\w!#$%&'*+^`|~-]+|(cookie|session|capture)\..+", re.I | re.A)
# What can follow a $.
CAPTURED = re.compile(r'[a-z_][a-z0-9_]*', re.I | re.A)
# At the beginning of a line.
TABLE = re.compile(r'^[ \t]*\[\[[ \t]*(step|declared)[ \t]*\]\]', re.M)
NAME = re.compile(r'^[ \t]*(?:name|reason)[ \t]*=[ \t]*([\'"])(.*?)\1', re.M)

LESSON = Path(__file__).parent.parent / 'apps' / 'lesson' / 'steps.toml'


class StepsError(Exception):
    """A steps file is wrong: one line that names the file and the step."""


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One request of one visitor or, with `restart`, a restart of both servers.

    Attributes:
        name: Unique in the file.
        path: With the query string, if any.
        visitor: Each has its own cookies and captured values.
        method: The request's.
        headers: Sent as they are; a `Cookie` here stands in for the visitor's cookies.
        form: The fields of a form, to be sent as one.
        json: A value to be sent as JSON.
        capture: For each name a pattern whose group is searched for in `response_text`.
        ignore: Fields that differ by nature, such as `body` or `session.csrf_token`.
        handover: Before the step, the cookies that each app made go to the other.
        wait: Seconds to wait before the step, at most an hour.
        restart: Environment variables for both servers, from here to the next restart.
    """

    name: str
    path: str = ''
    visitor: str = 'visitor'
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
        """Check what the types do not say."""
        if self.restart is None and not self.path.startswith('/'):
            raise ValueError('`path` must start with /')
        if re.search(r'/\.\.?(/|$)', re.split('[?#]', self.path)[0]):
            raise ValueError('`path` has . or .. between slashes, which clients resolve themselves')
        if self.form is not None and self.json is not None:
            raise ValueError('`form` and `json` exclude each other')
        # Clients write small letters in capitals, or do not.
        if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Z-]+", self.method):
            raise ValueError(f'`method` {self.method!r} is none that HTTP knows, in capitals')
        for name, value in (self.restart or {}).items():
            if not name or '=' in name:
                raise ValueError(f'`restart`: no variable can have the name {name!r}')
            if '\0' in f'{name}{value}':
                raise ValueError('`restart` holds a NUL character')
        _check_fields('ignore', self.ignore)
        if sum(1 for _ in nesting_levels(self.json)) > DEEPEST:
            raise ValueError(f'`json` is nested more than {DEEPEST} levels deep')
        try:
            json.dumps(self.json, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ValueError(f'`json`: {error}') from None
        for name, pattern in self.capture.items():
            if not CAPTURED.fullmatch(name):
                raise ValueError(
                    f'`capture`: the name {name!r} is not of ASCII letters, digits and _, '
                    'with no digit first'
                )
            try:
                groups = re.compile(pattern).groups
            except re.error as error:
                raise ValueError(f'`capture` of {name!r}: {error}') from None
            if groups != 1:
                raise ValueError(f'`capture` of {name!r}: the pattern needs one group')

    @property
    def request(self) -> list[Any]:
        """What may hold a `$name`: path, headers, form and JSON."""
        return [self.path, self.headers, self.form, self.json]

    def filled(self, captured: Mapping[str, str]) -> list[Any]:
        """Return `request` with each `$name` replaced by what was captured."""
        filled: list[Any] = _filled(self.request, captured)
        return filled

    def find(self, text: str) -> dict[str, str]:
        """Return what the step's patterns find in a `response_text`, and only that."""
        found = {name: re.search(pattern, text, re.M) for name, pattern in self.capture.items()}
        return {name: match[1] for name, match in found.items() if match and match[1] is not None}


class ExpectedDifference(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A difference on purpose.

    Attributes:
        reason: Why the apps differ.
        fields: As in `Step.ignore`.
        steps: The steps' names; none means every step.
    """

    reason: str
    fields: tuple[str, ...]
    steps: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check what the types do not say."""
        _check_fields('fields', self.fields)


class Steps(msgspec.Struct, frozen=True):
    """A steps file's content."""

    steps: tuple[Step, ...]
    declared: tuple[ExpectedDifference, ...]

    @property
    def begin(self) -> dict[str, str]:
        """The variables that the servers start with."""
        return self.steps[0].restart or {}


def load(path: Path) -> Steps:
    """Read a steps file.

    Raises:
        StepsError: It cannot be read, or is wrong.
    """
    try:
        text = path.read_text('utf-8')
        content = tomllib.loads(text)
    except OSError as error:
        raise StepsError(f'{path}: {error.strerror}') from None
    except tomllib.TOMLDecodeError as error:
        raise StepsError(f'{path}{_table_at(text, error)}: {error}') from None
    except ValueError as error:
        raise StepsError(f'{path}: {error}') from None
    except RecursionError:
        raise StepsError(f'{path}: a value is nested too deeply') from None
    if unknown := content.keys() - {'step', 'declared'}:
        raise StepsError(f'{path}: {min(unknown)!r} is neither [[step]] nor [[declared]]')
    tables = {key: content.get(key, []) for key in ('step', 'declared')}
    for key, value in tables.items():
        if not isinstance(value, list):
            raise StepsError(f'{path}: write [[{key}]], with two brackets')
    steps = _convert(path, 'step', Step, tables['step'])
    declared = _convert(path, 'declared', ExpectedDifference, tables['declared'])
    for step, table in zip(steps, tables['step'], strict=True):
        if step.restart is not None and (other := table.keys() - {'name', 'restart'}):
            raise StepsError(
                f'{path}, step {step.name!r}: `restart` and `{min(other)}` exclude each other: '
                'make two steps of them'
            )
    if not any(step.path for step in steps):
        raise StepsError(f'{path}: there is no [[step]] with a path')
    _check_names(path, steps, declared)
    return Steps(steps, declared)


def response_text(headers: Iterable[tuple[str, str]], body: str) -> str:
    """Return a reply as captures see it: a line `name: value` a header, an empty one, the body."""
    return '\n'.join([*(f'{name.lower()}: {value}' for name, value in headers), '', body])


def _table_at(text: str, error: tomllib.TOMLDecodeError) -> str:
    """Return which step or declaration an error in TOML is in, as it is told after the file."""
    line = re.search(r'\(at line (\d+)', str(error))
    above = text.split('\n')[: int(line[1]) - 1 if line else None]
    _, *tables = TABLE.split('\n'.join(above))
    if not tables:
        return ''
    kind, content = tables[-2:]
    name = NAME.search(content)
    return f', {kind} {name[2] if name else tables[::2].count(kind)!r}'


def _convert(path: Path, kind: str, type_: type[T], tables: list[Any]) -> tuple[T, ...]:
    converted = []
    for position, table in enumerate(tables, 1):
        try:
            converted.append(msgspec.convert(table, type_))
        except msgspec.ValidationError as error:
            named = table if isinstance(table, dict) else {}
            name = named.get('name', named.get('reason', position))
            raise StepsError(f'{path}, {kind} {name!r}: {error}') from None
    return tuple(converted)


def _check_fields(key: str, fields: Iterable[str]) -> None:
    for name in fields:
        if not FIELD.fullmatch(name):
            raise ValueError(f'`{key}`: no field can have the name {name!r}')


def _check_names(
    path: Path, steps: tuple[Step, ...], declared: tuple[ExpectedDifference, ...]
) -> None:
    names: set[str] = set()
    captured: dict[str, set[str]] = {}
    for step in steps:
        if step.name in names:
            raise StepsError(f'{path}, step {step.name!r}: an earlier step has that name')
        names.add(step.name)
        known = captured.setdefault(step.visitor, set())
        for text in _texts(step.request):
            if not Template(text).is_valid():
                raise StepsError(f'{path}, step {step.name!r}: write $$ for a plain $ in {text!r}')
            for missing in set(Template(text).get_identifiers()) - known:
                raise StepsError(
                    f'{path}, step {step.name!r}: no earlier step of {step.visitor!r} '
                    f'captures ${missing}'
                )
        known.update(step.capture)
    for item in declared:
        for missing in set(item.steps) - names:
            raise StepsError(f'{path}, declared {item.reason!r}: there is no step {missing!r}')


def _filled(value: Any, captured: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return Template(value).substitute(captured)
    if isinstance(value, list):
        return [_filled(item, captured) for item in value]
    if isinstance(value, dict):
        return {key: _filled(item, captured) for key, item in value.items()}
    return value


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)

"""The steps of users: requests, captured values, and differences on purpose."""

import json
import re
from collections.abc import Collection, Iterable, Mapping
from mimetypes import guess_type
from pathlib import Path
from string import Template
from typing import Annotated, Any, NamedTuple, TypeVar

import msgspec

from quart_session_demo.compare.harness.fields import Field, suggest
from quart_session_demo.compare.harness.recording import IGNORED_HEADERS
from quart_session_demo.sessions.inspector import nesting_levels

T = TypeVar('T')

#: How deep the JSON of a step may be nested. Python's own limit is some hundreds.
MAX_DEPTH = 100
#: The names that can follow a `$`.
CAPTURE_NAME = re.compile(r'[a-z_][a-z0-9_]*', re.I | re.A)


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of a form, in `files`.

    Attributes:
        name: Its name; the default is that of `path`.
        type: Its media type; the default is that of its name.
        content: Its content as text.
        path: Instead of `content`, the file with the content. In TOML relative to the steps file.
    """

    name: str | None = None
    type: str | None = None
    content: str | None = None
    path: str | None = None

    def __post_init__(self) -> None:
        """Validate what the types do not validate."""
        if (self.content is None) == (self.path is None):
            raise ValueError('a file needs `content` or `path`: write one of them')
        if self.path is None and self.name is None:
            raise ValueError('a file with `content` needs a `name`: add it')
        if self.type is not None and not re.fullmatch(r'[!-~]+/[ -~]+', self.type):
            raise ValueError(
                f'`type` {self.type!r} is not a media type: use one such as text/plain'
            )

    @property
    def filename(self) -> str:
        """The name that is sent."""
        return Path(self.path or '').name if self.name is None else self.name

    @property
    def media_type(self) -> str:
        """The media type that is sent."""
        return self.type or guess_type(self.filename)[0] or 'application/octet-stream'


class FilledStep(NamedTuple):
    """What a step sends, with each `$name` replaced by the captured value."""

    path: str
    headers: dict[str, str]
    form: dict[str, str | list[str]] | None
    json: Any
    files: dict[str, File | list[File]]
    body: str | None


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One request of one user or, with `restart`, a restart of both servers.

    Attributes:
        name: Unique in the file.
        path: With the query string, if any.
        user: Each user has separate cookies and captured values. The TOML key is `visitor`.
        method: The HTTP method.
        headers: Sent as they are. A `Cookie` here replaces the user's cookies.
        form: The fields of a form, sent as the body. A field may have several values.
        json: A value, sent as the body in JSON.
        files: The files of a form. A field may have several files.
        body: A text, sent as the body.
        capture: For each name a pattern with one group, searched for in `response_text`.
        random: Session keys and cookies whose values are random. From this step on, the values
            that they have at this step count as equal.
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
    form: dict[str, str | list[str]] | None = None
    json: Any = None
    files: dict[str, File | list[File]] = {}
    body: str | None = None
    capture: dict[str, str] = {}
    random: tuple[str, ...] = ()
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
        self._check_body()
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
        check_random(self.random)
        _check_fields('ignore', self.ignore)
        for name, pattern in self.capture.items():
            _check_capture(name, pattern)
        check_captures('ignore', self.ignore, self.capture)

    def _check_body(self) -> None:
        """Check that at most one key determines the body; `form` and `files` are one form."""
        used = {
            'form': self.form is not None,
            'files': bool(self.files),
            'json': self.json is not None,
            'body': self.body is not None,
        }
        names = [name for name, is_used in used.items() if is_used]
        if len(names) > 1 and names != ['form', 'files']:
            raise ValueError(f'`{names[0]}` and `{names[-1]}` exclude each other: use one of them')
        if self.files and 'content-type' in map(str.lower, self.headers):
            raise ValueError(
                '`files` have a Content-Type of their own, with the boundary: remove it from '
                '`headers`'
            )

    def filled(self, captured: Mapping[str, str]) -> FilledStep:
        """Return what is sent, with each `$name` replaced by the captured value.

        Raises:
            KeyError: No value with that name was captured.
            ValueError: A `$` is not followed by a name.
        """
        return FilledStep(
            _fill(self.path, captured),
            _fill(self.headers, captured),
            _fill(self.form, captured),
            _fill(self.json, captured),
            _fill(self.files, captured),
            _fill(self.body, captured),
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
        random: The `random` of all steps; each step has these names, too.
    """

    steps: tuple[Step, ...]
    declared: tuple[ExpectedDifference, ...]
    random: tuple[str, ...] = ()

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


def as_list(value: T | list[T]) -> list[T]:
    """Return a list as it is, and anything else as a list with one item."""
    return value if isinstance(value, list) else [value]


def check_random(names: Iterable[str]) -> None:
    """Raise `ValueError` if a name cannot be that of a session key or a cookie."""
    for name in names:
        kind, dot, rest = name.partition('.')
        if not name:
            raise ValueError("`random`: '' is no name: remove it")
        if dot and kind.lower() in ('session', 'cookie'):
            raise ValueError(
                f'`random`: {name!r} is not the name of a session key or cookie: write {rest!r}'
            )


def _check_fields(key: str, names: Iterable[str]) -> None:
    for name in names:
        try:
            field = Field.parse(name)
        except ValueError as error:
            raise ValueError(f'`{key}`: {error}') from None
        if field.kind in IGNORED_HEADERS:
            raise ValueError(f'`{key}`: {name!r} is never compared: remove it')


def check_captures(key: str, names: Iterable[str], captures: Collection[str]) -> None:
    """Raise `ValueError` if a name is that of a capture that there is not."""
    for name in names:
        field = Field.parse(name)
        if field.kind == 'capture' and field.name not in {None, *captures}:
            known = [f'capture.{capture}' for capture in captures]
            raise ValueError(
                f'`{key}`: nothing captures {field.name!r}: correct or remove {name!r}'
                f'{suggest(name, known)}'
            )


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
    if isinstance(value, File):
        name, content = _fill([value.name, value.content], captured)
        return msgspec.structs.replace(value, name=name, content=content)
    return value

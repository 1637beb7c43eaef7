"""The steps of users: requests, captured values, and differences on purpose."""

import re
from collections.abc import Iterable, Iterator, Mapping
from string import Template
from typing import Annotated, Any, NamedTuple

import msgspec

from quart_session_demo.compare.harness.files import File
from quart_session_demo.compare.harness.step_validation import (
    validate_captured_fields,
    validate_captures,
    validate_fields,
    validate_json,
    validate_random,
    validate_restart,
)


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
        self._validate_body()
        # Some clients change lower case to upper case, others do not.
        if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Z-]+", self.method):
            raise ValueError(
                f'`method` {self.method!r} is not an HTTP method: write it in upper case'
            )
        validate_restart(self.restart or {})
        validate_json(self.json)
        validate_random(self.random)
        validate_captures(self.capture)
        validate_fields('ignore', self.ignore)
        validate_captured_fields('ignore', self.ignore, self.capture)

    def _validate_body(self) -> None:
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
        validate_fields('fields', self.fields)


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

    def segments(self) -> Iterator[tuple[Step | None, list[Step]]]:
        """Yield each restart with the steps after it; None in its place for the first steps."""
        restart: Step | None = None
        segment: list[Step] = []
        for step in self.steps:
            if step.restart is None:
                segment.append(step)
                continue
            if restart or segment:
                yield restart, segment
            restart, segment = step, []
        yield restart, segment


def response_text(headers: Iterable[tuple[str, str]], body: str) -> str:
    """Return the text that captures search: a line `name: value` for each header, then the body.

    An empty line separates the headers from the body.
    """
    return '\n'.join([*(f'{name.lower()}: {value}' for name, value in headers), '', body])


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

"""`inspect-cookie`: what it prints, and its exit status."""

import json
import os
import random
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import flask
import pytest
import time_machine
from click.testing import Result
from flask.json.tag import JSONTag
from flask.sessions import SecureCookieSessionInterface as FlaskInterface
from quart import Quart

from quart_session_demo.cli.cookie_report import as_json
from quart_session_demo.sessions import CookieSessionInterface
from quart_session_demo.sessions.inspector import (
    MAX_NESTING,
    MAX_PAYLOAD_SIZE,
    MAX_VALUE_SIZE,
    SignedBy,
    inspect_cookie,
)
from quart_session_demo.sessions.serializer import SessionJSON
from tests.conftest import KEY, ROOT, make_app, run_module

# Random, so that it stays long when it is compressed.
LONG = random.Random(1).randbytes(15_000).hex()  # noqa: S311


def signed(data: object, key: str = KEY, at: int | None = None) -> str:
    """Return the cookie value that Flask signs, at a time in seconds since 1970 or now."""
    app = flask.Flask('flask_app')
    app.secret_key = key
    serializer: Any = FlaskInterface().get_signing_serializer(app)
    if at is None:
        return str(serializer.dumps(data))
    with time_machine.travel(at, tick=False):
        return str(serializer.dumps(data))


def run(app: Quart, *arguments: str, text: str | None = None) -> Result:
    result: Result = app.test_cli_runner().invoke(args=['inspect-cookie', *arguments], input=text)
    return result


def test_table_lists_contents_and_facts(app: Quart) -> None:
    """The command prints a table with the contents first, then the facts about the cookie."""
    result = run(app, signed({'username': 'zhiliao', 'tuple': (1, b'two')}))

    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[:2] == ["session     'username': 'zhiliao'", "session     'tuple': (1, b'two')"]
    assert [line.partition(' ')[0] for line in lines[2:]] == [
        'signed',
        'expires',
        'signature',
        'size',
        'compressed',
        'accepted',
    ]
    assert 'current key' in result.stdout


def test_hyphen_reads_standard_input(app: Quart) -> None:
    """A hyphen as argument reads the cookie from standard input."""
    result = run(app, '-', text=signed({'username': 'zhiliao'}) + '\n')

    assert result.exit_code == 0
    assert "'username': 'zhiliao'" in result.stdout


def test_standard_input_is_bounded(app: Quart) -> None:
    """Standard input that is longer than any cookie is one line on stderr and status 1."""
    result = run(app, '-', text='a' * (MAX_VALUE_SIZE + 1))

    assert (result.exit_code, result.stdout) == (1, '')
    assert len(result.stderr.splitlines()) == 1


def test_json_has_tagged_payload(app: Quart) -> None:
    """`--json` prints the payload in tagged JSON, and times with a time zone."""
    result = run(app, '--json', signed({'tuple': (1,), 'text': '中文'}))

    assert result.exit_code == 0
    facts = json.loads(result.stdout)
    assert facts['payload'] == {'tuple': {' t': [1]}, 'text': '中文'}
    assert facts['accepted'] is True
    assert facts['signed_by'] == 'current key'
    assert datetime.fromisoformat(facts['signed_at']).tzinfo == UTC


def test_json_has_own_tags(app: Quart) -> None:
    """`--json` prints values with the tags of the app's own serializer."""

    class Fractions(JSONTag):
        key = ' f'

        def check(self, value: Any) -> bool:
            return isinstance(value, Fraction)

        def to_json(self, value: Any) -> str:
            return str(value)

        def to_python(self, value: Any) -> Fraction:
            return Fraction(value)

    class Interface(CookieSessionInterface):
        serializer = SessionJSON()

    Interface.serializer.register(Fractions)
    app.session_interface = Interface()
    serializer: Any = app.session_interface.get_signing_serializer(app)

    cookie = inspect_cookie(serializer.dumps({'half': Fraction(1, 2)}), app)

    assert cookie.payload == {'half': Fraction(1, 2)}
    assert json.loads(as_json(cookie))['payload'] == {'half': {' f': '1/2'}}


@pytest.mark.parametrize(
    ('value', 'fact', 'expected', 'reason'),
    [
        (
            signed({'a': 1}, 'another key'),
            'signed_by',
            SignedBy.NO_KEY,
            r'signature .*\b(no|not|none)\b',
        ),
        (signed({'a': 1}, at=1_600_000_000), 'expired', True, 'expires .*expired'),
        (signed({'a': 1}, at=4_000_000_000), 'signed_in_the_future', True, 'signed .*future'),
    ],
    # The value contains the time, and differs in each process of the tests.
    ids=['another key', 'expired', 'in the future'],
)
def test_unaccepted_cookie_fails(
    app: Quart, value: str, fact: str, expected: object, reason: str
) -> None:
    """A cookie that the app would not accept is shown with the reason, and is status 1."""
    accepted = run(app, signed({'a': 1}))
    table, facts = run(app, value), run(app, '--json', value)

    assert (accepted.exit_code, table.exit_code, facts.exit_code) == (0, 1, 1)
    assert json.loads(facts.stdout)[fact] == expected
    assert re.search(reason, table.stdout.lower())
    assert not re.search(reason, accepted.stdout.lower())


def test_other_text_is_one_line(app: Quart) -> None:
    """Text that is no cookie is one line on stderr and status 1."""
    result = run(app, 'hello')

    assert (result.exit_code, result.stdout) == (1, '')
    assert result.stderr.startswith('Error: ')
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ('data', 'reason'),
    [
        ({'a': LONG}, 'too large'),
        ({'a': 'a' * MAX_PAYLOAD_SIZE}, 'too large'),
        (json.loads('{"a":' + '[' * MAX_NESTING + ']' * MAX_NESTING + '}'), 'too deeply'),
    ],
    ids=['long', 'large content', 'nested'],
)
def test_genuine_cookie_is_never_denied(app: Quart, data: dict[str, Any], reason: str) -> None:
    """A genuine cookie over the limits is reported as too large or too deep, not as no cookie."""
    result = run(app, signed(data))

    assert result.exit_code == 1
    assert 'no session cookie' not in result.stderr
    assert 'not a session cookie' not in result.stderr
    assert reason in result.stderr


def test_quoted_value_is_read(app: Quart) -> None:
    """Quotation marks around the value are ignored."""
    value = f'"{signed({"a": 1})}"'

    assert run(app, value).exit_code == 0
    assert run(app, '-', text=f'{value}\n').exit_code == 0


def test_control_characters_are_escaped(app: Quart) -> None:
    """The output contains no control character of the session."""
    result = run(app, signed({'\x1b[31m': '\x1b]0;title\x07'}))

    assert '\x1b' not in result.stdout
    assert '\x07' not in result.stdout


def test_other_encoding_is_escaped() -> None:
    """Characters that the encoding of the output lacks are escaped."""
    command = [sys.executable, '-m', 'quart', '--app', 'quart_session_demo', 'inspect-cookie']
    environment = {**os.environ, 'QUART_SECRET_KEY': KEY, 'PYTHONIOENCODING': 'cp1252'}

    result = subprocess.run(
        [*command, signed({'text': 'é 中文'})],
        capture_output=True,
        cwd=ROOT,
        env=environment,
    )

    assert (result.returncode, result.stderr) == (0, b'')
    assert r"'text': 'é \u4e2d\u6587'" in result.stdout.decode('cp1252')


def test_missing_key_is_reported(tmp_path: Path) -> None:
    """Without a key the signature is unknown, and nothing is written to stderr."""
    # A copy, without the key file that a server may have written beside this one.
    shutil.copytree(ROOT / 'quart_session_demo', tmp_path / 'quart_session_demo')
    command = ['quart', '--app', 'quart_session_demo', 'inspect-cookie']

    result = run_module(*command, signed({'a': 1}), cwd=tmp_path)

    assert result.returncode == 1
    assert 'unknown' in result.stdout
    assert result.stderr == ''


@pytest.mark.parametrize('value', ['A' * 43, '-' + 'A' * 42], ids=['id', 'hyphen'])
def test_session_id_is_explained(app: Quart, value: str) -> None:
    """The id of a session on a server is reported as such, and is status 1."""
    result = run(app, value)

    assert result.exit_code == 1
    assert 'id of a session on a server' in result.output


def test_signed_cookie_is_unaccepted_with_server_store(app: Quart) -> None:
    """A genuine signed cookie is not accepted by an app whose sessions are on a server."""
    on_server = make_app(SESSION_TYPE='redis', SESSION_REDIS_URL='redis://127.0.0.1:1')
    value = signed({'username': 'zhiliao'})

    results = [run(one, value) for one in (app, on_server)]

    assert [result.exit_code for result in results] == [0, 1]
    assert 'on a server' in results[1].output

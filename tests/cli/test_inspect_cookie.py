"""`inspect-cookie` shows what a cookie contains and whether the app accepts it."""

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

import pytest
import time_machine
from click.testing import Result
from quart import Quart
from quart.sessions import SecureCookieSessionInterface

from quart_session_demo import create_app
from quart_session_demo.sessions import CookieSessionInterface
from quart_session_demo.sessions.inspector import MAX_PAYLOAD_SIZE, MAX_VALUE_SIZE
from quart_session_demo.sessions.server.signing import id_signer
from quart_session_demo.sessions.server.store import new_session_id, store_key
from quart_session_demo.sessions.session_json import SessionJSON
from tests.cli.conftest import FractionTag
from tests.conftest import KEY, ROOT, signed_id

# Random, so that it stays long when it is compressed.
LONG = random.Random(1).randbytes(15_000).hex()  # noqa: S311


def sign(data: object, key: str = KEY, at: int | None = None) -> str:
    """Return the value of a cookie that Quart's own interface signs, at a time if one is given."""
    app = Quart('signer')
    app.secret_key = key
    serializer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert serializer
    if at is None:
        return str(serializer.dumps(data))
    with time_machine.travel(at, tick=False):
        return str(serializer.dumps(data))


def nest(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels - 1):
        value = [value]
    return value


def inspect(app: Quart, *arguments: str, text: str | None = None) -> Result:
    result: Result = app.test_cli_runner().invoke(args=['inspect-cookie', *arguments], input=text)
    return result


def test_table_has_a_line_for_each_fact(app: Quart) -> None:
    """The table shows each key with its Python value, then the facts, a line each."""
    result = inspect(app, sign({'username': 'zhiliao', 'tuple': (1, b'two')}))

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
    assert 'valid, with the current key' in result.stdout


def test_fallback_key_is_shown() -> None:
    """The table shows which fallback key verifies the signature."""
    app = create_app({'SECRET_KEY': 'new', 'SECRET_KEY_FALLBACKS': ['older', KEY]})

    result = inspect(app, sign({'a': 1}))

    assert result.exit_code == 0
    assert 'valid, with fallback key 2' in result.stdout


def test_value_is_read_from_standard_input(app: Quart) -> None:
    """With `-` the value is read from standard input."""
    result = inspect(app, '-', text=sign({'username': 'zhiliao'}) + '\n')

    assert result.exit_code == 0
    assert "'username': 'zhiliao'" in result.stdout


def test_standard_input_is_limited(app: Quart) -> None:
    """A value on standard input that is too long is refused with one line."""
    result = inspect(app, '-', text='a' * (MAX_VALUE_SIZE + 1))

    assert (result.exit_code, result.stdout) == (1, '')
    assert len(result.stderr.splitlines()) == 1


def test_json_has_everything(app: Quart) -> None:
    """`--json` prints the payload in tagged JSON and all other facts."""
    result = inspect(app, '--json', sign({'tuple': (1,), 'text': '中文'}))

    assert result.exit_code == 0
    facts = json.loads(result.stdout)
    assert facts['payload'] == {'tuple': {' t': [1]}, 'text': '中文'}
    assert facts['accepted'] is True
    assert facts['signed_by'] == 'current key'
    assert datetime.fromisoformat(facts['signed_at']).tzinfo == UTC
    assert facts.keys() >= {'permanent', 'room', 'expired', 'signed_in_the_future', 'cookie_size'}


def test_json_uses_tags_of_the_apps_serializer(app: Quart) -> None:
    """The payload in JSON has the tags that the app's own serializer registers."""

    class Interface(CookieSessionInterface):
        serializer = SessionJSON()

    Interface.serializer.register(FractionTag)
    interface = Interface()
    app.session_interface = interface
    serializer = interface.get_signing_serializer(app)
    assert serializer

    result = inspect(app, '--json', str(serializer.dumps({'half': Fraction(1, 2)})))

    assert json.loads(result.stdout)['payload'] == {'half': {' f': '1/2'}}


@pytest.mark.parametrize(
    ('value', 'reason'),
    [
        (sign({'a': 1}, 'another key'), 'NOT VALID'),
        (sign({'a': 1}, at=1_600_000_000), 'EXPIRED'),
        (sign({'a': 1}, at=4_000_000_000), 'IN THE FUTURE'),
    ],
    # The value contains the time, and differs in each process of the tests.
    ids=['another key', 'expired', 'in the future'],
)
def test_refused_cookie_fails_the_command(app: Quart, value: str, reason: str) -> None:
    """A cookie that the app would not accept is shown with the reason, and exit status 1."""
    result = inspect(app, value)

    assert result.exit_code == 1
    assert reason in result.stdout
    assert inspect(app, '--json', value).exit_code == 1


def test_too_large_content_fails_the_command(app: Quart) -> None:
    """A cookie whose content is larger than the app reads is shown with the reason."""
    value = sign({'a': 'v' * 200})
    app.config['SESSION_COOKIE_MAX_DECOMPRESSED'] = 100

    result = inspect(app, value)

    assert result.exit_code == 1
    assert result.stdout.splitlines()[-1] == (
        'accepted    no, because its content is TOO LARGE: 208 bytes before its compression, and '
        'the app reads 100'
    )
    facts = json.loads(inspect(app, '--json', value).stdout)
    assert (facts['content_size'], facts['content_limit']) == (208, 100)
    assert (facts['content_too_large'], facts['accepted']) == (True, False)


def test_other_value_is_refused_with_one_line(app: Quart) -> None:
    """A value that is not a session cookie leads to one line on standard error."""
    result = inspect(app, 'hello')

    assert (result.exit_code, result.stdout) == (1, '')
    assert result.stderr.startswith('Error: This value cannot be read as a session cookie. ')
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    'data',
    [{'a': LONG}, {'a': 'a' * MAX_PAYLOAD_SIZE}, {'a': nest(100)}],
    ids=['long', 'large content', 'nested'],
)
def test_cookie_beyond_the_limits_is_not_denied(app: Quart, data: dict[str, Any]) -> None:
    """The error about a genuine cookie that is too large does not deny that it is one."""
    result = inspect(app, sign(data))

    assert result.exit_code == 1
    assert 'too large' in result.stderr or 'too deeply' in result.stderr
    assert 'not a session' not in result.stderr


def test_quotes_are_removed(app: Quart) -> None:
    """A value in quotes, as a Cookie header may have it, is accepted."""
    value = f'"{sign({"a": 1})}"'

    assert inspect(app, value).exit_code == 0
    assert inspect(app, '-', text=f'{value}\n').exit_code == 0


def header(template: str) -> str:
    return template.format(sign({'user': 'zhiliao'}))


@pytest.mark.parametrize(
    'template',
    [
        ' {0}\n',
        'session={0}',
        'session="{0}"',
        'theme=dark; session={0}; other=a.b.c',
        'Cookie: theme=dark; session={0}',
        'cookie:session={0};theme=dark',
        '"Cookie: session={0}"',
        '> Cookie: session={0}',
        'session={0}; HttpOnly; Path=/; Expires=Wed, 09 Jun 2027 10:18:14 GMT; SameSite=Lax',
        'Set-Cookie: session={0}; Secure; Path=/',
        'set-cookie: theme=dark\r\nset-cookie: session=old\r\nset-cookie: session={0}',
        'GET / HTTP/1.1\nHost: localhost\nCookie: session={0}\nAccept: */*',
        'Cookie: session=not.a.session; session={0}',
    ],
)
def test_cookie_is_found_in_a_header(app: Quart, template: str) -> None:
    """The value alone, a pair and a whole header line are accepted, also on standard input."""
    text = header(template)

    for result in (inspect(app, text), inspect(app, '-', text=f'{text}\n')):
        assert result.exit_code == 0, result.output
        assert "'user': 'zhiliao'" in result.stdout
        assert result.stdout.splitlines()[-1] == 'accepted    yes'


def test_cookie_of_another_name_is_not_accepted(app: Quart) -> None:
    """A cookie that has another name or prefix is shown, but the app would not read it."""
    for template in ('Cookie: theme=dark; __Host-session={0}', 'sid={0}; Path=/'):
        result = inspect(app, header(template))
        assert result.exit_code == 1
        assert 'valid, with the current key' in result.stdout
        assert 'no, because the session cookie of this app is named session' in result.stdout
        facts = json.loads(inspect(app, '--json', header(template)).stdout)
        assert (facts['accepted'], facts['signed_by']) == (False, 'current key')


@pytest.mark.parametrize('name', ['__Host-session', '__Secure-sid', 'sid'])
def test_cookie_has_the_name_of_the_app(app: Quart, name: str) -> None:
    """Of several cookies the one with the app's own name is shown."""
    app.config['SESSION_COOKIE_NAME'] = name
    text = f'session={sign({"other": 1})}; {name}={sign({"own": 1})}; x={sign({"other": 1})}'

    result = inspect(app, f'Cookie: {text}')

    assert result.exit_code == 0
    assert "'own': 1" in result.stdout
    assert 'other' not in result.stdout


def test_first_cookie_that_verifies_is_shown(app: Quart) -> None:
    """Of several cookies of the name the one that the app reads is shown, with its position."""
    forged, own = sign({'a': 1}, 'another key'), sign({'b': 2})

    result = inspect(app, f'session={forged}; session={own}; session={own}')

    assert result.exit_code == 0
    assert result.stdout.splitlines()[:2] == ['cookie      number 2 of 3', "session     'b': 2"]


@pytest.mark.parametrize(
    ('text', 'reason'),
    [
        ('Cookie: a=1; b=2', 'No cookie is named session, the name of this app: the text has a, b'),
        (
            'abc; a=1; b=2',
            'No cookie is named session, the name of this app: the text has a value',
        ),
        ('Set-Cookie: session=; Max-Age=0', 'The cookie has no value'),
        ('', 'No cookie is named session, the name of this app: the text has no cookie'),
    ],
)
def test_text_without_the_cookie_is_one_line(app: Quart, text: str, reason: str) -> None:
    """A text without the session cookie is one line that names the cookies, not their values."""
    result = inspect(app, text)

    assert (result.exit_code, result.stdout) == (1, '')
    assert result.stderr.startswith(f'Error: {reason}')
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ('option', 'named'),
    [
        ('--foo', '--foo'),
        ('--jsn', '--jsn'),
        ('--foo.bar', '--foo.bar'),
        ('--foo=a.b.c', '--foo'),
        ('-x.y.z', '-x'),
    ],
)
def test_unknown_option_is_named(app: Quart, option: str, named: str) -> None:
    """An unknown option is an error that names it, before and after the cookie."""
    value = sign({'a': 1})

    for arguments in ([option], [option, value], [value, option]):
        result = inspect(app, *arguments)
        assert result.exit_code == 2
        assert re.search(f"No such option:? '?{named}'?", result.stderr)


def test_value_after_two_hyphens(app: Quart) -> None:
    """After `--` a value may begin with hyphens."""
    assert inspect(app, '--', sign({'a': 1})).exit_code == 0
    assert 'cannot be read' in inspect(app, '--', '--foo').stderr


def test_control_characters_are_escaped(app: Quart) -> None:
    """No control character of a session reaches the terminal."""
    result = inspect(app, sign({'\x1b[31m': '\x1b]0;title\x07'}))

    assert '\x1b' not in result.stdout
    assert '\x07' not in result.stdout


@pytest.mark.parametrize(
    'value', [f'{"A" * 43}.{"B" * 43}', f'-{"A" * 42}.{"B" * 43}'], ids=['id', 'hyphen']
)
def test_session_id_is_recognized(app: Quart, value: str) -> None:
    """The id of a session on a server is refused as such, even if it begins with a hyphen."""
    result = inspect(app, value)

    assert result.exit_code == 1
    assert 'signed id of a session on a server' in result.output


@pytest.mark.parametrize(
    ('key', 'signature', 'signed_by', 'number'),
    [
        (KEY, 'valid, with the current key', 'current key', None),
        ('oldest', 'valid, with fallback key 2', 'fallback key', 2),
        ('of another app', 'NOT VALID with any key of the app', 'none of the keys', None),
    ],
)
def test_session_id_shows_who_signed_it(
    key: str, signature: str, signed_by: str, number: int | None
) -> None:
    """A signed id shows the key that verifies it, and nothing of the id or the stored session."""
    app = create_app(
        {'SECRET_KEY': KEY, 'SECRET_KEY_FALLBACKS': ['old', 'oldest'], 'SESSION_TYPE': 'memory'}
    )
    session_id = new_session_id()
    value = id_signer((key.encode(),)).sign(session_id)

    text, facts = inspect(app, value), inspect(app, '--json', '-', text=value)

    assert (text.exit_code, facts.exit_code) == (1, 1)
    assert f'signature   {signature}' in text.stdout.splitlines()
    assert 'only the server can show' in text.stdout
    assert json.loads(facts.stdout) == {
        'signed_by': signed_by,
        'fallback_number': number,
        'in_use': True,
    }
    for part in (session_id, store_key(session_id)):
        assert part not in text.stdout + facts.stdout


def test_cookie_app_accepts_no_session_id(app: Quart) -> None:
    """An app with sessions in the cookie shows that it does not use a signed id."""
    result = inspect(app, signed_id(new_session_id()))

    assert result.exit_code == 1
    assert 'no, because this app stores its sessions in the cookie' in result.stdout


def test_server_app_accepts_no_signed_cookie(app: Quart) -> None:
    """An app with sessions on a server shows a signed cookie, but does not accept it."""
    server = create_app(
        {
            'SECRET_KEY': KEY,
            'SESSION_TYPE': 'redis',
            'SESSION_REDIS_URL': 'redis://127.0.0.1:1',
        }
    )
    value = sign({'username': 'zhiliao'})

    accepted, refused = inspect(app, value), inspect(server, value)

    assert (accepted.exit_code, refused.exit_code) == (0, 1)
    assert 'no, because this app stores its sessions on a server' in refused.output


def run_command(folder: Path, value: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, '-m', 'quart', '--app', 'quart_session_demo', 'inspect-cookie', value],
        capture_output=True,
        cwd=folder,
        env={**os.environ, **environment},
    )


def test_unprintable_characters_are_escaped() -> None:
    """Characters that the output's encoding does not have are escaped."""
    result = run_command(
        ROOT, sign({'text': 'é 中文'}), QUART_SECRET_KEY=KEY, PYTHONIOENCODING='cp1252'
    )

    assert (result.returncode, result.stderr) == (0, b'')
    assert r"'text': 'é \u4e2d\u6587'" in result.stdout.decode('cp1252')


def test_cookie_is_shown_without_a_key(tmp_path: Path) -> None:
    """Without a key everything but the signature is shown, and the cookie is not accepted."""
    # A copy, without the key file of a server.
    shutil.copytree(ROOT / 'quart_session_demo', tmp_path / 'quart_session_demo')

    result = run_command(tmp_path, sign({'a': 1}))

    assert result.returncode == 1
    assert b'unknown, because the app has no key' in result.stdout
    assert b'accepted    unknown, because there is no key to check it with' in result.stdout
    assert result.stderr == b''

"""`register` adds the commands to any Quart app."""

import hashlib
import json
import subprocess
import sys
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask.json.tag import TaggedJSONSerializer
from itsdangerous import URLSafeTimedSerializer
from quart import Quart
from quart.sessions import SecureCookieSessionInterface, SessionInterface

from quart_session_demo import create_app
from quart_session_demo.cli import register
from quart_session_demo.playground import playground
from quart_session_demo.sessions import (
    CookieSessionInterface,
    MemoryStore,
    ServerSessionInterface,
)
from quart_session_demo.sessions.redis import RedisSessionInterface
from tests.cli.conftest import FractionTag
from tests.conftest import ROOT

SAFE_KEY = '8b1c2c003bf84aae7e975d8b29a2f328e08433ad8be9bb6bfe4106071e2fa0de'
SAFE = {
    'SECRET_KEY': SAFE_KEY,
    'SESSION_COOKIE_NAME': '__Host-session',
    'SESSION_COOKIE_SAMESITE': 'Lax',
    'SESSION_COOKIE_SECURE': True,
}


def own_app(**config: Any) -> Quart:
    app = Quart('own')
    app.config.update(config)
    register(app)
    return app


def invoke(app: Quart, *arguments: str) -> Result:
    result: Result = app.test_cli_runner().invoke(args=arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def findings(app: Quart) -> dict[str, str]:
    found = json.loads(invoke(app, 'check-deploy', '--json').stdout)
    return {finding['id']: finding['message'] for finding in found}


def quart(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, '-m', 'quart', '--app', 'tests.apps.own_app:app', *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


def test_commands_work_from_the_command_line() -> None:
    """In an app with stock sessions each command runs, and ends without a traceback."""
    checked = quart('check-deploy')
    assert (checked.returncode, checked.stderr) == (1, '')
    assert 'error secret-key-short: SECRET_KEY has only 11 bytes' in checked.stdout
    assert 'No store was checked' not in checked.stdout

    value = SecureCookieSessionInterface().get_signing_serializer(own_app(SECRET_KEY='a short key'))
    assert value
    inspected = quart('inspect-cookie', str(value.dumps({'user': 'own'})))
    assert (inspected.returncode, inspected.stderr) == (0, '')
    assert "'user': 'own'" in inspected.stdout

    shown = quart('sessions', 'info', '--json')
    assert (shown.returncode, shown.stderr) == (0, '')
    assert json.loads(shown.stdout)['stored_in'] == 'cookie'


def test_compare_belongs_to_the_demo_only() -> None:
    """`register` adds three commands; `compare` is a command of this project's own app."""
    assert {'check-deploy', 'inspect-cookie', 'sessions'} <= own_app().cli.commands.keys()
    assert 'compare' not in own_app().cli.commands
    assert 'compare' in create_app().cli.commands


@pytest.mark.parametrize('interface', [SecureCookieSessionInterface, CookieSessionInterface])
def test_safe_own_app_has_no_finding(interface: type[Any]) -> None:
    """Settings that an own app does not have, such as HSTS, are not reported."""
    app = own_app(**SAFE)
    app.session_interface = interface()

    assert findings(app) == {}
    assert invoke(app, 'check-deploy', '--strict').exit_code == 0


def test_finding_names_settings_without_prefix() -> None:
    """Only this project's app is known to read `QUART_*`: others see the setting's own name."""
    app = own_app(**{**SAFE, 'SESSION_COOKIE_SECURE': False})

    output = invoke(app, 'check-deploy').stdout

    assert 'Set SESSION_COOKIE_SECURE to true' in output
    assert 'QUART_' not in output


def test_own_app_that_is_being_tested_is_found() -> None:
    """An own app, which starts with `TESTING`, has a finding about its error pages."""
    assert list(findings(own_app(**SAFE, TESTING=True))) == ['testing-on']


def test_missing_key_of_own_app_is_found() -> None:
    """An own app without a key has one finding about it, and no crash."""
    assert findings(own_app(**{**SAFE, 'SECRET_KEY': None})) == {
        'secret-key-missing': 'SECRET_KEY is not set'
    }


def test_own_app_with_sessions_in_memory_is_found() -> None:
    """Sessions in memory need a key, have no absolute lifetime, and are not for production."""
    app = own_app(**{**SAFE, 'SECRET_KEY': None})
    app.session_interface = ServerSessionInterface(app, MemoryStore())  # type: ignore[assignment]

    assert list(findings(app)) == [
        'secret-key-missing',
        'browser-lifetime',
        'absolute-lifetime-missing',
        'memory-store',
    ]
    facts = json.loads(invoke(app, 'sessions', 'info', '--json').stdout)
    assert (facts['store'], facts['ready']) == ('MemoryStore', False)


@pytest.mark.parametrize(
    ('config', 'message'),
    [
        ({'SECRET_KEY': 12345678}, 'SECRET_KEY is of type int'),
        ({'SECRET_KEY_FALLBACKS': 'old-key'}, 'SECRET_KEY_FALLBACKS is one string'),
        ({'SESSION_COOKIE_SAMESITE': 5}, 'SESSION_COOKIE_SAMESITE is 5'),
        ({'SESSION_COOKIE_SECURE': 'no'}, "SESSION_COOKIE_SECURE is 'no'"),
        ({'PERMANENT_SESSION_LIFETIME': 'ten'}, "PERMANENT_SESSION_LIFETIME is 'ten'"),
    ],
    ids=str,
)
def test_invalid_setting_of_own_app_is_found(config: dict[str, Any], message: str) -> None:
    """Quart accepts these settings when the app is made; the check reports each of them."""
    found = findings(own_app(**{**SAFE, **config}))

    assert list(found) == ['setting-invalid']
    assert found['setting-invalid'].startswith(message)


def test_absolute_lifetime_in_a_cookie_has_no_effect() -> None:
    """The check reports an absolute lifetime that Quart's stock sessions ignore."""
    assert list(findings(own_app(**SAFE, SESSION_ABSOLUTE_LIFETIME=60))) == [
        'lifetime-needs-server'
    ]


def test_setting_of_our_cookie_sessions_is_checked() -> None:
    """A wrong setting of our own is reported before the app starts; stock sessions ignore it."""
    app = own_app(**SAFE, SESSION_PERMANENT='no')
    assert findings(app) == {}
    facts = json.loads(invoke(app, 'sessions', 'info', '--json').stdout)
    assert facts['permanent_by_default'] is False

    app.session_interface = CookieSessionInterface()

    assert findings(app)['setting-invalid'].startswith("SESSION_PERMANENT is 'no'")
    assert invoke(app, 'sessions', 'info').stderr.startswith("Error: SESSION_PERMANENT is 'no'")


@pytest.mark.parametrize('interface', [SecureCookieSessionInterface, CookieSessionInterface])
def test_cookie_sessions_have_no_browser_lifetime(interface: type[Any]) -> None:
    """`sessions info` shows no lifetime that cookie sessions cannot have."""
    app = own_app(**SAFE, SESSION_BROWSER_LIFETIME=60, SESSION_ABSOLUTE_LIFETIME=60)
    app.session_interface = interface()

    facts = json.loads(invoke(app, 'sessions', 'info', '--json').stdout)

    assert facts['browser_lifetime'] == facts['permanent_lifetime'] == 31 * 86400
    assert facts['absolute_lifetime'] is None


def test_interface_of_another_package_is_unknown() -> None:
    """Of an unknown session interface the commands report what Quart's own class offers."""

    class OtherInterface(SessionInterface):
        pass

    app = own_app(**SAFE)
    app.session_interface = OtherInterface()  # type: ignore[assignment]

    facts = json.loads(invoke(app, 'sessions', 'info', '--json').stdout)

    assert (facts['stored_in'], facts['store'], facts['ready']) == ('server', None, None)
    assert 'No store was checked: OtherInterface' in invoke(app, 'check-deploy').stdout


@pytest.mark.parametrize('command', [['check-deploy'], ['sessions', 'info']])
def test_command_needs_no_store_setting(command: list[str]) -> None:
    """With our cookie sessions in an own app no command needs our other settings."""
    app = own_app(**SAFE)
    app.session_interface = CookieSessionInterface()

    assert invoke(app, *command).exit_code == 0


class SaltedInterface(SecureCookieSessionInterface):
    """Quart's interface with a signature of its own."""

    salt = 'my-salt'
    digest_method = staticmethod(hashlib.sha256)


def test_cookie_of_a_custom_stock_interface_is_accepted() -> None:
    """`inspect-cookie` verifies a cookie with the salt and digest of the app's own interface."""
    app = own_app(**SAFE)
    app.session_interface = SaltedInterface()
    serializer = app.session_interface.get_signing_serializer(app)
    assert serializer

    result = invoke(app, 'inspect-cookie', str(serializer.dumps({'a': 1})), '--json')

    assert result.exit_code == 0
    assert json.loads(result.stdout)['signed_by'] == 'current key'


class TaggedInterface(SecureCookieSessionInterface):
    """An interface whose serializer has its own salt, digest, derivation and tags."""

    def get_signing_serializer(self, app: Quart) -> URLSafeTimedSerializer | None:
        tagged_json = TaggedJSONSerializer()
        tagged_json.register(FractionTag)
        assert app.secret_key
        return URLSafeTimedSerializer(
            [*app.config['SECRET_KEY_FALLBACKS'], app.secret_key],
            salt='own',
            serializer=tagged_json,
            signer_kwargs={'key_derivation': 'hmac', 'digest_method': hashlib.sha512},
        )


def test_inspected_cookie_has_the_settings_of_the_app() -> None:
    """`inspect-cookie` uses the own app's name, keys, lifetime, signature and tags."""
    config = {**SAFE, 'SESSION_COOKIE_NAME': 'sid', 'PERMANENT_SESSION_LIFETIME': 60}
    signer = own_app(**{**config, 'SECRET_KEY': 'old', 'SECRET_KEY_FALLBACKS': []})
    serializer = TaggedInterface().get_signing_serializer(signer)
    assert serializer
    app = own_app(**config, SECRET_KEY_FALLBACKS=['old'])
    app.session_interface = TaggedInterface()
    text = f'Cookie: session=a.b.c; sid={serializer.dumps({"half": Fraction(1, 2)})}'

    shown, facts = (
        invoke(app, 'inspect-cookie', text),
        invoke(app, 'inspect-cookie', text, '--json'),
    )

    assert "'half': Fraction(1, 2)" in shown.stdout
    assert 'valid, with fallback key 1' in shown.stdout
    assert (shown.exit_code, facts.exit_code) == (0, 0)
    found = json.loads(facts.stdout)
    assert found['payload'] == {'half': {' f': '1/2'}}
    signed, expires = (datetime.fromisoformat(found[key]) for key in ('signed_at', 'expires_at'))
    assert expires - signed == timedelta(seconds=60)


@pytest.mark.parametrize('hsts', [31536000, True, 'yes', f'max-age={"1" * 5000}'])
def test_invalid_hsts_of_own_app_is_found(hsts: Any) -> None:
    """A value that is not such a header is a finding."""
    assert list(findings(own_app(**SAFE, STRICT_TRANSPORT_SECURITY=hsts))) == ['setting-invalid']


@pytest.mark.parametrize(
    ('name', 'value'),
    [
        ('SESSION_COOKIE_DOMAIN', 'example.com'),
        ('SESSION_COOKIE_PATH', '/sub'),
        ('APPLICATION_ROOT', '/sub'),
    ],
)
def test_refused_host_prefix_is_found(name: str, value: str) -> None:
    """Browsers refuse a `__Host-` cookie with a domain or path: no user could log in."""
    found = findings(own_app(**SAFE, **{name: value}))

    assert list(found) == ['setting-invalid']
    assert found['setting-invalid'].endswith(f'browsers refuse the cookie with {name}')


@pytest.mark.parametrize('command', [['sessions', 'info'], ['inspect-cookie', 'a.b.c']])
@pytest.mark.parametrize(
    ('name', 'value'),
    [
        ('MAX_COOKIE_SIZE', 'big'),
        ('PERMANENT_SESSION_LIFETIME', 'abc'),
        ('SECRET_KEY', 123),
        ('SECRET_KEY_FALLBACKS', [1]),
        ('SESSION_COOKIE_SAMESITE', 'Foo'),
    ],
)
def test_invalid_setting_stops_command_with_one_line(
    command: list[str], name: str, value: Any
) -> None:
    """A command that needs valid settings names the wrong one and what to do, in one line."""
    result = invoke(own_app(**{**SAFE, name: value}), *command)

    assert result.exit_code == 1
    [line] = result.stderr.splitlines()
    assert line.startswith(f'Error: {name} ')


def test_server_sessions_of_own_app_need_a_key() -> None:
    """The key signs the ids of sessions on a server, so that its absence is a finding."""
    app = own_app(**{**SAFE, 'SECRET_KEY': None, 'SESSION_REDIS_URL': 'redis://127.0.0.1:1'})
    app.session_interface = RedisSessionInterface(app)  # type: ignore[assignment]

    assert list(findings(app)) == [
        'secret-key-missing',
        'browser-lifetime',
        'absolute-lifetime-missing',
        'redis-unreachable',
    ]


def test_playground_of_own_app_is_found() -> None:
    """An own app that registers the playground has the finding about it."""
    app = own_app(**SAFE)
    app.register_blueprint(playground)

    assert list(findings(app)) == ['playground-on']


@pytest.mark.parametrize('ready', [True, False])
def test_cookie_sessions_are_ready_with_a_key(ready: bool) -> None:
    """Sessions in a cookie can be used if there is a key to sign them."""
    app = own_app(**{**SAFE, 'SECRET_KEY': SAFE_KEY if ready else None})

    assert json.loads(invoke(app, 'sessions', 'info', '--json').stdout)['ready'] is ready


@pytest.mark.parametrize('command', [['check-deploy'], ['sessions', 'info']])
def test_full_disk_is_one_line(command: list[str]) -> None:
    """Output that cannot be written is one line on standard error, with status 2."""
    with Path('/dev/full').open('w') as full:
        result = subprocess.run(
            [sys.executable, '-m', 'quart', '--app', 'tests.apps.own_app:app', *command],
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )

    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 1

"""`check-deploy` reports what is unsafe in production, and nothing else."""

import hashlib
import json
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from quart_session_demo import create_app, deploy_check, secret_key
from quart_session_demo.sessions.server import memory
from quart_session_demo.sessions.server.redis import checks
from quart_session_demo.sessions.server.sql import checks as sql_checks

# Random, but constant: tests that run in parallel must have the same names.
SAFE = {
    'PRODUCTION': True,
    'SECRET_KEY': '8b1c2c003bf84aae7e975d8b29a2f328e08433ad8be9bb6bfe4106071e2fa0de',
}
REDIS = {
    'SESSION_TYPE': 'redis',
    'SESSION_REDIS_URL': 'redis://localhost',
    'SESSION_ABSOLUTE_LIFETIME': 43200,
    'SESSION_BROWSER_LIFETIME': 86400,
}


def found(config: dict[str, Any]) -> dict[str, str]:
    findings = deploy_check.setting_findings(create_app(config))
    return {finding.id: finding.level for finding in findings}


def run(config: dict[str, Any], *options: str) -> tuple[int, str]:
    result = create_app(config).test_cli_runner().invoke(args=['check-deploy', *options])
    return result.exit_code, result.output


def test_production_with_a_random_key_is_safe() -> None:
    """Production with a random key and no other setting has no finding."""
    assert found(SAFE) == {}


@pytest.mark.parametrize(
    ('changed', 'expected'),
    [
        ({'PLAYGROUND': True}, {'playground-on': 'error'}),
        ({'PLAYGROUND': False}, {}),
        ({'STRICT_TRANSPORT_SECURITY': None}, {'hsts-off': 'warning'}),
        ({'STRICT_TRANSPORT_SECURITY': 'max-age=0; includeSubDomains'}, {'hsts-off': 'warning'}),
        ({'STRICT_TRANSPORT_SECURITY': 'max-age=31536000'}, {'hsts-subdomains': 'warning'}),
        (
            {'STRICT_TRANSPORT_SECURITY': 'max-age=31536000; preload'},
            {'hsts-subdomains': 'warning'},
        ),
        ({'STRICT_TRANSPORT_SECURITY': 'max-age=9999999999; includeSubDomains'}, {}),
        ({'SESSION_COOKIE_NAME': '__host-sid'}, {}),
        (
            {'SESSION_COOKIE_SECURE': False},
            {'cookie-not-secure': 'error', 'cookie-no-host-prefix': 'warning'},
        ),
        ({'SESSION_COOKIE_SECURE': False, 'SESSION_COOKIE_PARTITIONED': True}, {}),
        ({'SESSION_COOKIE_HTTPONLY': False}, {'cookie-not-httponly': 'error'}),
        ({'SESSION_COOKIE_SAMESITE': None}, {'cookie-samesite': 'error'}),
        ({'SESSION_COOKIE_SAMESITE': 'None'}, {'cookie-samesite': 'warning'}),
        ({'SESSION_COOKIE_SAMESITE': 'strict'}, {}),
        ({'SESSION_COOKIE_NAME': 'session'}, {'cookie-no-host-prefix': 'warning'}),
        ({'SESSION_COOKIE_DOMAIN': 'example.com'}, {'cookie-no-host-prefix': 'warning'}),
        (
            {'SESSION_COOKIE_DOMAIN': 'example.com', 'SESSION_COOKIE_NAME': 'session'},
            {'cookie-no-host-prefix': 'warning', 'cookie-no-secure-prefix': 'warning'},
        ),
        ({'PERMANENT_SESSION_LIFETIME': timedelta(days=32)}, {'lifetime': 'warning'}),
        ({'PERMANENT_SESSION_LIFETIME': timedelta(days=31)}, {}),
        ({'PERMANENT_SESSION_LIFETIME': 59}, {'lifetime': 'warning'}),
        ({**REDIS, 'SESSION_ABSOLUTE_LIFETIME': 59}, {'absolute-lifetime': 'warning'}),
        ({**REDIS, 'SESSION_ABSOLUTE_LIFETIME': 60}, {}),
        ({**REDIS, 'SESSION_ABSOLUTE_LIFETIME': None}, {'absolute-lifetime-missing': 'warning'}),
        ({**REDIS, 'SESSION_BROWSER_LIFETIME': None}, {'browser-lifetime': 'warning'}),
        ({**REDIS, 'SESSION_BROWSER_LIFETIME': None, 'SESSION_PERMANENT': True}, {}),
        ({**REDIS, 'SESSION_BROWSER_LIFETIME': None, 'PERMANENT_SESSION_LIFETIME': 86400}, {}),
        ({'SECRET_KEY_FALLBACKS': ['mbfQ5ueIihrxUKUrTcR3cg8cR8dqeNrQcCEzM1fIXwk']}, {}),
        ({'SECRET_KEY_FALLBACKS': [SAFE['SECRET_KEY']]}, {'fallback-is-key': 'warning'}),
        ({'SECRET_KEY_FALLBACKS': ['old' * 20]}, {'fallback-guessable': 'error'}),
    ],
    ids=str,
)
def test_unsafe_setting_is_found(changed: dict[str, Any], expected: dict[str, str]) -> None:
    """An unsafe setting leads to its finding and no other."""
    assert found({**SAFE, **changed}) == expected


def test_short_fallback_is_found_once() -> None:
    """A short fallback key that is listed twice is one finding."""
    config = {**SAFE, 'PRODUCTION': False, 'SECRET_KEY_FALLBACKS': ['old', 'old']}

    findings = [finding.id for finding in deploy_check.setting_findings(create_app(config))]

    assert findings.count('fallback-short') == 1


@pytest.mark.parametrize('key', ['k', 'changeme', b'bytes', '32a6c12edad67bb44f699624607d7b'])
def test_short_key_is_found(key: str | bytes) -> None:
    """A secret key of less than 32 bytes is an error."""
    assert found({**SAFE, 'PRODUCTION': False, 'SECRET_KEY': key})['secret-key-short'] == 'error'


@pytest.mark.parametrize(
    'key',
    [
        'k' * 40,
        '000102030405060708090a0b0c0d0e0f',
        'correcthorsebatterystaplecorrecthorse',
        '123e4567-e89b-12d3-a456-426614174000',
        hashlib.sha256(b'').hexdigest().upper(),
        hashlib.md5(b'password', usedforsecurity=False).hexdigest(),
        'dev-' * 20,
        'Correct-Horse-Battery-Staple-Correct',
        'this_is_not_a_good_key_for_deployment',
        'zyxwvutsrqponmlkjihgfedcba9876543210',
        '${QUART_KEY_FROM_THE_ENVIRONMENT_VARS}',
        hashlib.sha256(b'admin').hexdigest(),
        '1234567890' * 4,
        'abcdefghijklmnopqrstuvwxyz012345',
        'please-CHANGE-me-before-you-go-live!',
        b'my very own password is 2 long, is it not?',
        'your-key-here-your-key-here-1234567',
        'dev-key-please-do-not-use-in-prod-2024',
        'correct horse battery staple correct',
        '31415926535897932384626433832795028841',
        '27182818284590452353602874713526624977',
        'qwertzuiopasdfghjklyxcvbnm123456',
        '192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf',
    ],
)
def test_guessable_key_is_found(key: str | bytes) -> None:
    """A long key that repeats itself or looks like an example is an error."""
    assert found({**SAFE, 'SECRET_KEY': key}) == {'secret-key-guessable': 'error'}


@pytest.mark.parametrize(
    'random',
    [
        lambda: secrets.token_hex(16),
        lambda: secrets.token_hex(32),
        lambda: secrets.token_urlsafe(24),
        lambda: secrets.token_bytes(32),
    ],
    ids=['hex 16', 'hex 32', 'urlsafe 24', 'bytes 32'],
)
def test_random_key_is_never_found(random: Any) -> None:
    """No random key is taken for a guessable one."""
    app = create_app(SAFE)

    for _ in range(500):
        app.secret_key = random()
        assert list(deploy_check.setting_findings(app)) == []


def test_host_prefix_remedy_names_all_obstacles() -> None:
    """The remedy names each setting that the `__Host-` prefix needs changed."""
    config = {**SAFE, 'SESSION_COOKIE_DOMAIN': 'example.com', 'SESSION_COOKIE_PATH': '/app'}

    [finding] = deploy_check.setting_findings(create_app(config))

    assert finding.remedy == (
        'Set QUART_SESSION_COOKIE_NAME to __Host-session; QUART_SESSION_COOKIE_DOMAIN: remove it; '
        'QUART_SESSION_COOKIE_PATH: set it to /'
    )


def test_missing_key_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An app without a key, and without a key file, is an error."""
    monkeypatch.setattr(secret_key, 'key_file', lambda app: tmp_path / 'secret_key')

    assert found({})['secret-key-missing'] == 'error'


def test_fallback_is_checked_without_a_key() -> None:
    """Fallback keys are checked even if no secret key is configured."""
    assert found({'SECRET_KEY_FALLBACKS': ['old']})['fallback-short'] == 'error'


def test_key_file_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A key from the key file is an error that names the file."""
    file = tmp_path / 'secret_key'
    file.write_text(secrets.token_hex(32))
    monkeypatch.setattr(secret_key, 'key_file', lambda app: file)

    findings = {finding.id: finding for finding in deploy_check.setting_findings(create_app())}

    assert findings['secret-key-file'].level == 'error'
    assert str(file) in findings['secret-key-file'].message
    assert 'secret-key-missing' not in findings


def test_command_passes_without_findings() -> None:
    """Without findings the command prints so and exits with 0."""
    assert run(SAFE) == (
        0,
        'No problems found. Checked: setting names, secret keys, session cookie, lifetimes, '
        'size limits, hosts, proxies, debug mode, playground, HSTS.\n',
    )
    assert run(SAFE, '--strict')[0] == 0
    assert run(SAFE, '--json') == (0, '[]\n')


def test_command_fails_on_errors() -> None:
    """An error makes the command exit with 1."""
    assert run({**SAFE, 'PLAYGROUND': True})[0] == 1
    assert run({**SAFE, 'PLAYGROUND': True}, '--json')[0] == 1


def test_command_finds_debug_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    """Debug mode from `QUART_DEBUG` is an error."""
    monkeypatch.setenv('QUART_DEBUG', '1')

    status, output = run({**SAFE, 'PRODUCTION': False})

    assert status == 1
    assert 'error debug-on: ' in output


def test_command_fails_on_warnings_only_with_strict() -> None:
    """A warning makes the command exit with 1 only with `--strict`."""
    config = {**SAFE, 'PERMANENT_SESSION_LIFETIME': timedelta(days=365)}

    assert run(config)[0] == 0
    assert run(config, '--strict')[0] == 1


def test_command_prints_a_line_per_finding() -> None:
    """Each finding is one line: level, id, message and remedy."""
    config = {**SAFE, 'PLAYGROUND': True, 'SESSION_COOKIE_NAME': 'session'}

    _, output = run(config)

    lines = output.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith('warning cookie-no-host-prefix: ')
    assert lines[1].startswith('error playground-on: ')
    assert 'QUART_PLAYGROUND' in lines[1]


@pytest.mark.parametrize(
    ('changed', 'last'),
    [
        ({'PLAYGROUND': True}, '1 error and no warnings found.'),
        ({'PERMANENT_SESSION_LIFETIME': timedelta(days=365)}, 'no errors and 1 warning found.'),
    ],
)
def test_last_line_counts_the_findings(changed: dict[str, Any], last: str) -> None:
    """The last line has the number of errors and of warnings."""
    assert run({**SAFE, **changed})[1].splitlines()[-1] == last


def test_memory_store_is_found() -> None:
    """Sessions in memory are an error, also where `PRODUCTION` does not stop the start."""
    status, output = run({**SAFE, 'PRODUCTION': False, 'SESSION_TYPE': 'memory'})

    assert status == 1
    assert 'error memory-store: ' in output


def test_command_prints_json() -> None:
    """`--json` prints a list of objects with id, level, message and remedy."""
    _, output = run({**SAFE, 'PLAYGROUND': True}, '--json')

    (finding,) = json.loads(output)
    assert finding['id'] == 'playground-on'
    assert finding['level'] == 'error'
    assert finding['message']
    assert 'QUART_PLAYGROUND' in finding['remedy']


@pytest.mark.parametrize(
    'key', ['short but mine', 'mine ' * 20, 'has the word secret, but is mine']
)
@pytest.mark.parametrize('options', [[], ['--json']])
def test_command_prints_no_secret(key: str, options: list[str]) -> None:
    """No output contains any part of a key."""
    config = {'SECRET_KEY': key, 'SECRET_KEY_FALLBACKS': [key, key + '!']}

    _, output = run(config, *options)

    assert 'secret-key-' in output
    assert 'fallback' in output
    assert 'mine' not in output


def test_catalog_lists_every_finding() -> None:
    """Each id and level in `FINDINGS` is unique, so that the documentation's table is right."""
    findings = (*deploy_check.FINDINGS, *memory.FINDINGS, *checks.FINDINGS, *sql_checks.FINDINGS)
    keys = [(finding.id, finding.level) for finding in findings]

    assert len(set(keys)) == len(keys)
    assert all(finding.message and finding.remedy for finding in findings)

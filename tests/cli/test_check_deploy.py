"""check-deploy finds what is unsafe in production, and nothing else."""

import hashlib
import json
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from quart_session_demo import create_app, deploy_check, secret_key

# Random, made once: tests that run in parallel must have the same names.
SAFE = {
    'PRODUCTION': True,
    'SECRET_KEY': '8b1c2c003bf84aae7e975d8b29a2f328e08433ad8be9bb6bfe4106071e2fa0de',
}
REDIS = {'SESSION_TYPE': 'redis', 'SESSION_REDIS_URL': 'redis://localhost'}


def found(config: dict[str, Any]) -> dict[str, str]:
    return {finding.id: finding.level for finding in deploy_check.findings(create_app(config))}


def run(config: dict[str, Any], *options: str) -> tuple[int, str]:
    result = create_app(config).test_cli_runner().invoke(args=['check-deploy', *options])
    return result.exit_code, result.output


def test_production_with_a_random_key_is_safe() -> None:
    assert found(SAFE) == {}


@pytest.mark.parametrize(
    ('changed', 'expected'),
    [
        ({'DEBUG': True}, {'debug-on': 'error'}),
        ({'PLAYGROUND': True}, {'playground-on': 'error'}),
        ({'PLAYGROUND': False}, {}),
        ({'STRICT_TRANSPORT_SECURITY': None}, {'hsts-off': 'warning'}),
        ({'STRICT_TRANSPORT_SECURITY': 'max-age=0; includeSubDomains'}, {'hsts-off': 'warning'}),
        ({'STRICT_TRANSPORT_SECURITY': 'max-age=31536000'}, {}),
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
        ({'PERMANENT_SESSION_LIFETIME': timedelta(days=32)}, {'lifetime': 'warning'}),
        ({'PERMANENT_SESSION_LIFETIME': timedelta(days=31)}, {}),
        ({'PERMANENT_SESSION_LIFETIME': 59}, {'lifetime': 'warning'}),
        ({'SESSION_ABSOLUTE_LIFETIME': 43200}, {'absolute-lifetime-ignored': 'warning'}),
        ({**REDIS, 'SESSION_ABSOLUTE_LIFETIME': 59}, {'absolute-lifetime': 'warning'}),
        ({**REDIS, 'SESSION_ABSOLUTE_LIFETIME': 60}, {}),
        ({'SECRET_KEY_FALLBACKS': ['mbfQ5ueIihrxUKUrTcR3cg8cR8dqeNrQcCEzM1fIXwk']}, {}),
        ({'SECRET_KEY_FALLBACKS': [SAFE['SECRET_KEY']]}, {'fallback-is-key': 'warning'}),
        ({'SECRET_KEY_FALLBACKS': ['old' * 20]}, {'fallback-guessable': 'error'}),
    ],
    ids=str,
)
def test_unsafe_setting_is_found(changed: dict[str, Any], expected: dict[str, str]) -> None:
    assert found({**SAFE, **changed}) == expected


def test_short_fallback_is_found() -> None:
    config = {**SAFE, 'PRODUCTION': False, 'SECRET_KEY_FALLBACKS': ['old', 'old']}

    findings = [finding.id for finding in deploy_check.findings(create_app(config))]

    assert findings.count('fallback-short') == 1


@pytest.mark.parametrize('key', ['k', 'changeme', b'bytes', '32a6c12edad67bb44f699624607d7b'])
def test_short_key_is_found(key: str | bytes) -> None:
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
        'dev_like_the_others_on_this_machine',
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
        'thisisaverylongkeyforproduction!!',
        'correct horse battery staple correct',
        '31415926535897932384626433832795028841',
        '27182818284590452353602874713526624977',
        'qwertzuiopasdfghjklyxcvbnm123456',
        '192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf',
    ],
)
def test_guessable_key_is_found(key: str | bytes) -> None:
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
    app = create_app(SAFE)

    for _ in range(500):
        app.secret_key = random()
        assert list(deploy_check.findings(app)) == []


def test_remedy_for_the_missing_prefix_starts() -> None:
    config = {**SAFE, 'SESSION_COOKIE_DOMAIN': 'example.com', 'SESSION_COOKIE_PATH': '/app'}

    [finding] = deploy_check.findings(create_app(config))

    assert finding.remedy == (
        'Set QUART_SESSION_COOKIE_NAME to __Host-session; QUART_SESSION_COOKIE_DOMAIN: remove it; '
        'QUART_SESSION_COOKIE_PATH: set it to /'
    )


def test_missing_key_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(secret_key, 'key_file', lambda app: tmp_path / 'secret_key')

    assert found({})['secret-key-missing'] == 'error'


def test_fallback_is_looked_at_without_a_key() -> None:
    assert found({'SECRET_KEY_FALLBACKS': ['old']})['fallback-short'] == 'error'


def test_key_file_standing_in_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / 'secret_key'
    file.write_text(secrets.token_hex(32))
    monkeypatch.setattr(secret_key, 'key_file', lambda app: file)

    findings = {finding.id: finding for finding in deploy_check.findings(create_app())}

    assert findings['secret-key-file'].level == 'error'
    assert str(file) in findings['secret-key-file'].message
    assert 'secret-key-missing' not in findings


def test_command_passes_when_nothing_is_found() -> None:
    assert run(SAFE) == (0, '0 found.\n')
    assert run(SAFE, '--strict')[0] == 0
    assert run(SAFE, '--json') == (0, '[]\n')


def test_command_fails_on_errors() -> None:
    assert run({**SAFE, 'PLAYGROUND': True})[0] == 1
    assert run({**SAFE, 'PLAYGROUND': True}, '--json')[0] == 1


def test_command_sees_debug_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('QUART_DEBUG', '1')

    status, output = run(SAFE)

    assert status == 1
    assert 'error debug-on: ' in output


def test_command_fails_on_warnings_only_with_strict() -> None:
    config = {**SAFE, 'PERMANENT_SESSION_LIFETIME': timedelta(days=365)}

    assert run(config)[0] == 0
    assert run(config, '--strict')[0] == 1


def test_command_prints_a_line_for_each_finding() -> None:
    config = {**SAFE, 'PLAYGROUND': True, 'SESSION_COOKIE_NAME': 'session'}

    _, output = run(config)

    lines = output.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith('warning cookie-no-host-prefix: ')
    assert lines[1].startswith('error playground-on: ')
    assert 'QUART_PLAYGROUND' in lines[1]


def test_command_prints_json() -> None:
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
    config = {'SECRET_KEY': key, 'SECRET_KEY_FALLBACKS': [key, key + '!']}

    _, output = run(config, *options)

    assert 'secret-key-' in output
    assert 'fallback' in output
    assert 'mine' not in output

"""`check-deploy` reports names close to settings, and what was pasted with a key."""

import json
import subprocess
import sys
from typing import Any

import pytest

from quart_session_demo import create_app
from quart_session_demo.deploy_check import check_settings
from tests.conftest import ROOT
from tests.deploy_check.apps import KEY, demo_app, found, own_app

SECRET = 'a value that no message shows'


@pytest.mark.parametrize(
    ('name', 'meant'),
    [
        ('QUART_SECRET_KEY_FALLBACK', 'QUART_SECRET_KEY_FALLBACKS'),
        ('SESSION_TYPE', 'QUART_SESSION_TYPE'),
    ],
)
def test_name_close_to_a_setting_is_found(
    name: str, meant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A misspelled name, and one without its prefix, is a warning that shows the right one."""
    monkeypatch.setenv(name, SECRET)

    [finding] = check_settings(demo_app())

    assert (finding.id, finding.level) == ('setting-misspelled', 'warning')
    assert name in finding.message
    assert finding.remedy == f'Rename it to {meant}, or remove it'
    assert SECRET not in str(finding)


def test_name_in_the_config_of_own_app_is_found() -> None:
    """Of an own app the names in its config are checked, and not the environment."""
    [finding] = check_settings(own_app(SECRET_KEY_FALLBACK=[SECRET], MY_OWN=1))

    assert finding.message == 'SECRET_KEY_FALLBACK is not a setting'
    assert SECRET not in str(finding)


@pytest.mark.parametrize('options', [[], ['--json']])
def test_name_is_reported_by_the_command(options: list[str]) -> None:
    """The command reports the name on standard output, and the start logs it, as always."""
    command = [sys.executable, '-m', 'quart', '--app', 'quart_session_demo', 'check-deploy']
    environment = {
        'QUART_PRODUCTION': 'true',
        'QUART_SECRET_KEY': KEY,
        'QUART_SECRET_KEY_FALLBACK': f'["{SECRET}"]',
    }

    result = subprocess.run(
        [*command, *options], cwd=ROOT, env=environment, capture_output=True, text=True
    )

    assert result.returncode == 0
    assert result.stderr.count('QUART_SECRET_KEY_FALLBACK is not a setting') == 1
    assert result.stdout.count('QUART_SECRET_KEY_FALLBACK is not a setting') == 1
    assert SECRET not in result.stdout + result.stderr
    if options:
        assert [finding['id'] for finding in json.loads(result.stdout)] == ['setting-misspelled']


@pytest.mark.parametrize('template', ['"{}"', "'{}'", '{}\n', ' {}', 'SECRET_KEY={}'])
def test_pasted_key_is_found(template: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Quotes and white space around a key are a warning, in the config and the environment."""
    key = template.format(KEY)
    assert found(own_app(SECRET_KEY=key)) == {'secret-key-pasted': 'warning'}
    other = template.format(KEY[::-1])
    assert found(own_app(SECRET_KEY_FALLBACKS=[other])) == {'fallback-pasted': 'warning'}

    monkeypatch.setenv('QUART_PRODUCTION', 'true')
    # Quart reads the double quotes of the variable as JSON.
    monkeypatch.setenv('QUART_SECRET_KEY', key)
    assert found(create_app()) == {'secret-key-pasted': 'warning'}


@pytest.mark.parametrize(
    'config',
    [{'SECRET_KEY': '"changeme"' + ' ' * 30}, {'SECRET_KEY': "'" + KEY[:30] + "'"}],
    ids=str,
)
def test_pasted_text_does_not_make_a_key_safe(config: dict[str, Any]) -> None:
    """The length of a key is counted without what was pasted with it."""
    assert found(own_app(**config))['secret-key-short'] == 'error'

"""The commands, tables and promises of docs/deployment.md."""

import json
import re
import string
import subprocess
import sys

import pytest
from quart import Quart

from quart_session_demo import create_app, deploy_check
from quart_session_demo.sessions.server import memory
from quart_session_demo.sessions.server.redis import checks
from quart_session_demo.sessions.server.sql import checks as sql_checks
from tests.conftest import KEY, ROOT
from tests.docs.markdown import code_blocks, read, section, table_rows

PAGE = read('docs/deployment.md')
PROCFILE = read('Procfile')


def test_key_command_prints_a_safe_key() -> None:
    """The page's first command prints a key that `check-deploy` accepts in production."""
    (command,) = code_blocks(PAGE.partition('\n## ')[0], 'sh')
    code = command.removeprefix("python3 -c '").removesuffix("'\n")

    result = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True, check=True
    )

    key = result.stdout.strip()
    assert len(key) == 64
    assert set(key) <= set(string.hexdigits)
    app = create_app({'PRODUCTION': True, 'SECRET_KEY': key})
    assert list(deploy_check.setting_findings(app)) == []


def test_each_option_of_the_procfile_is_explained() -> None:
    """The table explains every part of the `web:` line, and nothing else."""
    (web,) = re.findall('^web: (.*)$', PROCFILE, re.MULTILINE)
    reasons = [row[0] for row in table_rows(PAGE, 'in the `web:` line')]
    explained = [part for reason in reasons for part in re.findall('`([^`]+)`', reason)]

    left = web
    for part in explained:
        assert part in left
        left = left.replace(part, '', 1)

    assert left.split() == ['env', 'quart_session_demo:app']


def test_release_line_checks_the_settings() -> None:
    """The `release:` line runs `check-deploy` in production mode."""
    (release,) = re.findall('^release: (.*)$', PROCFILE, re.MULTILINE)

    assert release == 'env QUART_PRODUCTION=true quart --app quart_session_demo check-deploy'


def test_findings_table_is_complete() -> None:
    """The table lists every finding about settings and stores, with its level."""
    shown = [(row[0].strip('`'), row[1]) for row in table_rows(PAGE, 'finding | level')]

    findings = deploy_check.FINDINGS + memory.FINDINGS + checks.FINDINGS + sql_checks.FINDINGS
    assert shown == [(finding.id, finding.level) for finding in findings]


@pytest.mark.parametrize('path', ['/health', '/health/ready'])
async def test_health_checks_return_what_the_page_states(app: Quart, path: str) -> None:
    """Both addresses return 200 and the page's body, 405 for POST, and open no session."""
    client = app.test_client()
    await client.get('/')

    response = await client.get(path)

    assert response.status_code == 200
    body = await response.get_data(as_text=True)
    assert f'`/health` | 200 `{body}`' in PAGE
    assert json.loads(body) == {'status': 'ok'}
    assert response.headers['Cache-Control'] == 'no-store'
    assert 'Set-Cookie' not in response.headers
    assert (await client.head(path)).status_code == 200
    assert (await client.post(path)).status_code == 405


def test_new_key_is_learned_before_it_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the page's two steps, each process can read the cookies of the others."""
    steps = re.findall(
        r'`QUART_SECRET_KEY=(\w+)` and `(QUART_SECRET_KEY_FALLBACKS)=([^`]+)`',
        section(PAGE, '## Change the secret key'),
    )
    accepted = []
    for key, name, fallbacks in steps:
        monkeypatch.setenv('QUART_SECRET_KEY', key)
        monkeypatch.setenv(name, fallbacks)
        config = create_app().config
        accepted.append([config['SECRET_KEY'], *config['SECRET_KEY_FALLBACKS']])

    assert accepted == [['old', 'new'], ['new', 'old']]


@pytest.mark.parametrize('path', ['/', '/missing/', '/health'])
async def test_headers_are_sent_with_every_response(path: str) -> None:
    """Each header of the table is sent with pages, errors and health checks, HSTS too."""
    client = create_app({'PRODUCTION': True, 'SECRET_KEY': KEY}).test_client()

    response = await client.get(path)

    for name, value, _ in table_rows(PAGE, 'header'):
        assert response.headers[name.strip('`')] == value.strip('`')
    assert response.headers['Strict-Transport-Security'].startswith('max-age=31536000')


def test_requirements_command_is_the_files_own() -> None:
    """The page shows the command that made requirements.txt."""
    (command,) = code_blocks(section(PAGE, '## Pinned dependencies'), 'console')

    assert f'#    {command}' in (ROOT / 'requirements.txt').read_text('utf-8')

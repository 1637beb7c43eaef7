"""The commands, tables and promises of docs/deployment.md and docs/starter.md."""

import json
import re
import string
import subprocess
import sys
from typing import Any

import pytest
from hypercorn.middleware import ProxyFixMiddleware
from quart import Quart, request
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from quart_session_demo import create_app, deploy_check
from quart_session_demo.sessions.server import memory
from quart_session_demo.sessions.server.redis import checks
from quart_session_demo.sessions.server.sql import checks as sql_checks
from tests.conftest import KEY, ROOT, make_app
from tests.docs.markdown import code_blocks, read, section, table_rows
from tests.proxies import CONFIGURATIONS

PAGE = read('docs/deployment.md')
STARTER = read('docs/starter.md')
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
    reasons = [row[0] for row in table_rows(STARTER, 'in the `web:` line')]
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


async def test_own_app_is_behind_a_proxy() -> None:
    """In an app of one's own, the page's lines redirect http, and obey the trusted proxy only."""
    app = Quart('own')

    @app.get('/')
    async def index() -> str:
        return request.url

    (example,) = code_blocks(section(PAGE, '## Behind a proxy'), 'python')
    exec(example, {'app': app})  # noqa: S102
    client = app.test_client()
    headers = {'Host': 'example.com', 'X-Forwarded-Proto': 'https'}

    trusted, other = [
        await client.get('/', headers=headers, scope_base={'client': (address, 5000)})
        for address in ('127.0.0.1', '127.0.0.2')
    ]

    assert await trusted.get_data(as_text=True) == 'https://example.com/'
    assert (other.status_code, other.headers['Location']) == (308, 'https://example.com/')


def test_proxies_are_those_of_the_tests() -> None:
    """The page links the configurations that the tests run."""
    links = re.findall(r'\]\((deployment/[^)]*)\)', section(PAGE, '## Behind a proxy'))

    assert [ROOT / 'docs' / link for link in links] == list(CONFIGURATIONS.values())


def test_proxies_settings_are_valid() -> None:
    """Each value of the page's settings is accepted."""
    values = [
        json.loads(value)
        for row in table_rows(PAGE, 'in front of the app')
        for value in re.findall('`([^`]+)`', row[1])
    ]

    assert values == [['127.0.0.1', '10.0.0.0/8'], 1, 1]
    for value in values:
        assert make_app(TRUSTED_PROXIES=value).config['TRUSTED_PROXIES'] == value


@pytest.mark.parametrize('make', [ProxyFixMiddleware, ProxyHeadersMiddleware])
async def test_other_middleware_has_the_limits_that_the_page_names(make: Any) -> None:
    """uvicorn's middleware reads no host, and Hypercorn's gives websockets a wrong scheme."""
    scopes = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        scopes.append(scope)

    headers = [
        (b'host', b'app:8000'),
        (b'x-forwarded-proto', b'https'),
        (b'x-forwarded-host', b'example.com'),
    ]
    scope = {'type': 'websocket', 'scheme': 'ws', 'client': ('127.0.0.1', 1), 'headers': headers}
    await make(app)(scope, None, None)

    scheme, host = scopes[0]['scheme'], dict(scopes[0]['headers'])[b'host']
    if make is ProxyFixMiddleware:
        assert (scheme, host) == ('https', b'example.com')
    else:
        assert (scheme, host) == ('wss', b'app:8000')


def test_requirements_command_is_the_files_own() -> None:
    """The page shows the command that made requirements.txt."""
    (command,) = code_blocks(section(PAGE, '## Pinned dependencies'), 'console')

    assert f'#    {command}' in (ROOT / 'requirements.txt').read_text('utf-8')

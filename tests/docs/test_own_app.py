"""The app, the tables and the promises of “Your own app” in docs/deployment.md."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from quart import Quart

from quart_session_demo.deploy_check import check_settings, check_store
from quart_session_demo.deploy_check.invalid import SERVING_RULES
from quart_session_demo.deploy_check.middleware_chain import middleware_chain
from quart_session_demo.middleware import add_middleware
from tests.deploy_check.apps import KEY, found
from tests.docs.markdown import code, code_blocks, read, section, table_rows

OWN_APP = section(read('docs/deployment.md'), '## Your own app')
SHOP, REDIS, SQL, POLICY = code_blocks(OWN_APP, 'python')
READS_ENVIRONMENT = "app.config.from_prefixed_env('QUART')\n"
#: The environment on a platform with one proxy.
PLATFORM = {
    'DYNO': 'web.1',
    'QUART_SECRET_KEY': KEY,
    'QUART_TRUSTED_PROXIES': '1',
    'QUART_TRUSTED_HOSTS': '["shop.example"]',
    'WEB_CONCURRENCY': '2',
}

Shop = Callable[..., Quart]


@pytest.fixture
def make_shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    """Return a function that makes the page's app, with these lines and without one of them."""

    def make(lines: str = '', without: str = '', **environment: str) -> Quart:
        variables = {**PLATFORM, **environment}
        is_variable = variables.pop(without, None) is not None
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        complete = SHOP.replace(READS_ENVIRONMENT, lines + READS_ENVIRONMENT).splitlines()
        rest = [line for line in complete if not without or line.strip(' ,') != without]
        assert len(complete) - len(rest) == (without != '' and not is_variable)
        namespace: dict[str, Any] = {'__name__': 'shop'}
        exec('\n'.join(rest), namespace)  # noqa: S102 - the page's own
        app: Quart = namespace['app']
        return app

    return make


def test_variables_are_those_of_the_page() -> None:
    """The tests set each variable of the page's table to the value that it has there."""
    variables = {code(row[0]): row[1] for row in table_rows(OWN_APP, 'variable | value')}

    assert variables.keys() == PLATFORM.keys() - {'DYNO'}
    for name, value in variables.items():
        assert name == 'QUART_SECRET_KEY' or code(value) == PLATFORM[name]


def test_shop_has_no_finding(make_shop: Shop) -> None:
    """`check-deploy` finds nothing in the page's app on a platform."""
    assert found(make_shop()) == {}


@pytest.mark.parametrize(
    ('omitted', 'findings'),
    [
        ('QUART_TRUSTED_PROXIES', {'https-redirect-loop': 'error'}),
        ('QUART_TRUSTED_HOSTS', {'trusted-hosts-missing': 'warning'}),
        ("SESSION_COOKIE_NAME='__Host-session'", {'cookie-no-host-prefix': 'warning'}),
        ("SESSION_COOKIE_SAMESITE='Lax'", {'cookie-samesite': 'error'}),
        ('SESSION_COOKIE_SECURE=True', {'cookie-not-secure': 'error'}),
        (
            "STRICT_TRANSPORT_SECURITY='max-age=31536000; includeSubDomains'",
            {'hsts-off': 'warning'},
        ),
        ("app.config.from_prefixed_env('QUART')", {'https-redirect-loop': 'error'}),
        ('add_middleware(app)', {'setting-unused': 'warning'}),
    ],
)
def test_omission_is_found(make_shop: Shop, omitted: str, findings: dict[str, str]) -> None:
    """`check-deploy` reports a line or variable of the page that is missing."""
    assert found(make_shop(without=omitted)) == findings


def test_text_that_is_no_boolean_is_found(make_shop: Shop) -> None:
    """`QUART_FORCE_HTTPS=no` would redirect, because it is text."""
    app = make_shop(QUART_FORCE_HTTPS='no')

    [finding] = check_settings(app)
    assert finding.message == "FORCE_HTTPS is 'no'"


def test_shop_without_a_key_does_not_start(make_shop: Shop) -> None:
    """The error names the variable."""
    with pytest.raises(KeyError, match='QUART_SECRET_KEY'):
        make_shop(without='QUART_SECRET_KEY')


async def test_shop_can_store_sessions_in_a_database(make_shop: Shop, tmp_path: Path) -> None:
    """With the page's lines for a database, `check-deploy` finds nothing in the app or store."""
    app = make_shop(SQL, without='DYNO', DATABASE_URL=f'sqlite:///{tmp_path}/sessions.db')

    assert found(app) == {}
    assert await check_store(app) == []
    async with app.test_app() as running:
        client = running.test_client()
        headers = {'Host': 'shop.example', 'X-Forwarded-Proto': 'https'}
        await client.post('/items', form={'name': 'tea'}, headers=headers)
        page = await (await client.get('/', headers=headers)).get_json()
    assert page == {'items': ['tea'], 'address': 'https://shop.example/'}


@pytest.mark.parametrize('lines', [REDIS, SQL], ids=['redis', 'sqlalchemy'])
def test_store_without_its_interface_is_found(make_shop: Shop, lines: str) -> None:
    """With the page's lines for a store, `create_session_interface` cannot be forgotten."""
    urls = {'REDIS_URL': 'redis://127.0.0.1', 'DATABASE_URL': 'sqlite:///sessions.db'}
    omitted = 'app.session_interface = create_session_interface(app)'

    assert found(make_shop(lines, omitted, **urls)) == {'lifetime-needs-server': 'error'}


def test_middleware_is_in_the_order_of_the_page() -> None:
    """The page's table has each class of `add_middleware`, in the order of a request."""
    app = Quart('own')
    app.config['FORCE_HTTPS'] = True
    add_middleware(app)

    rows = table_rows(OWN_APP, 'class | setting')
    classes = [type(layer).__name__ for layer in middleware_chain(app)]
    assert [code(row[0]) for row in rows] == classes[: len(rows)]
    assert len(classes) == len(rows) + 1
    settings = {code(row[1]) for row in rows if row[1] != 'none'}
    assert settings == SERVING_RULES.keys()


async def test_policy_of_the_app_replaces_the_default(make_shop: Shop) -> None:
    """With the page's lines, pages have the app's own policy."""
    app = make_shop(without='DYNO')
    exec(POLICY, {'app': app})  # noqa: S102 - the page's own
    headers = {'Host': 'shop.example', 'X-Forwarded-Proto': 'https'}

    response = await app.test_client().get('/', headers=headers)

    [policy] = response.headers.getlist('Content-Security-Policy')
    assert "img-src 'self' https://images.example" in policy

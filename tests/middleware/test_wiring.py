"""`add_middleware` in an app of one's own; the demo app, which uses it too, has the other tests."""

import pytest
from quart import Quart

from quart_session_demo.middleware import add_middleware
from quart_session_demo.sessions import MemoryStore, ServerSessionInterface, StoreError
from tests.conftest import KEY


class StoreThatFails(MemoryStore):
    """A store that cannot be used."""

    async def ping(self) -> None:
        raise StoreError('no connection')


@pytest.fixture
def own_app() -> Quart:
    """Return an app of somebody's own, with no setting of this package."""
    app = Quart('own')
    app.secret_key = KEY

    @app.get('/')
    async def index() -> str:
        return 'index'

    add_middleware(app)
    return app


async def test_app_works_without_settings(own_app: Quart) -> None:
    """Without settings, every host is served over http, with security headers but no HSTS."""
    client = own_app.test_client()

    response = await client.get('/', headers={'Host': 'any.example', 'X-Forwarded-Proto': 'https'})

    assert (response.status_code, await response.get_data()) == (200, b'index')
    assert response.headers['X-Content-Type-Options'] == 'nosniff'
    assert 'Strict-Transport-Security' not in response.headers
    assert (await client.get('/health/ready')).status_code == 200


@pytest.mark.parametrize(('store', 'status'), [(MemoryStore(), 200), (StoreThatFails(), 503)])
async def test_readiness_is_that_of_the_session_store(
    own_app: Quart, store: MemoryStore, status: int
) -> None:
    """`/health/ready` asks the session interface, even if it is set afterwards."""
    interface = ServerSessionInterface(own_app, store)
    own_app.session_interface = interface  # type: ignore[assignment]

    client = own_app.test_client()
    assert (await client.get('/health/ready')).status_code == status
    assert (await client.get('/health')).status_code == 200


@pytest.mark.parametrize('value', ['yes', ['10.0.0.1/8'], ['localhost']], ids=str)
def test_invalid_proxies_are_an_error_that_names_the_setting(value: object) -> None:
    """The error is the last line of a traceback, which must be enough to find the variable."""
    app = Quart('own')
    app.config['TRUSTED_PROXIES'] = value

    with pytest.raises(ValueError, match=r'^TRUSTED_PROXIES is invalid: '):
        add_middleware(app)

"""`create_app` makes apps that share nothing."""

import signal

from quart.sessions import SecureCookieSessionInterface

from quart_session_demo import create_app
from tests.conftest import KEY


async def test_create_app_makes_independent_apps() -> None:
    """Two apps have their own settings, routes and session interfaces."""
    one = create_app({'SECRET_KEY': 'one'})
    two = create_app({'SECRET_KEY': 'two', 'SESSION_COOKIE_NAME': 'other'})

    @one.get('/only-in-one/')
    async def only_in_one() -> str:
        return 'one'

    assert (await one.test_client().get('/only-in-one/')).status_code == 200
    assert (await two.test_client().get('/only-in-one/')).status_code == 404
    assert 'session=' in (await one.test_client().get('/')).headers['Set-Cookie']
    assert 'other=' in (await two.test_client().get('/')).headers['Set-Cookie']
    assert one.session_interface is not two.session_interface


async def test_app_accepts_quarts_stock_sessions() -> None:
    """An app whose session interface is replaced by Quart's own serves and is ready."""
    app = create_app({'SECRET_KEY': KEY})
    app.session_interface = SecureCookieSessionInterface()
    client = app.test_client()

    assert (await client.get('/')).status_code == 200
    assert (await client.get('/health/ready')).status_code == 200


async def test_app_handles_no_signal() -> None:
    """The app leaves all signals to its server, also while it serves."""
    before = {number: signal.getsignal(number) for number in signal.valid_signals()}

    async with create_app({'SECRET_KEY': KEY}).test_app() as app:
        await app.test_client().get('/')
        during = {number: signal.getsignal(number) for number in signal.valid_signals()}

    assert during == before

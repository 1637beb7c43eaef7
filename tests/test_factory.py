"""create_app makes apps that share nothing."""

from quart import Quart

from quart_session_demo import app as ready_made
from quart_session_demo import create_app


async def test_create_app_makes_independent_apps() -> None:
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


async def test_app_is_ready_made() -> None:
    assert isinstance(ready_made, Quart)
    assert (await ready_made.test_client().get('/')).status_code == 200

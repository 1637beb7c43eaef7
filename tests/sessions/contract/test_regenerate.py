"""`regenerate_session`: what a login calls."""

from quart import Quart

from tests.conftest import session_contents


async def test_regenerate_keeps_contents(app: Quart) -> None:
    """A session with a new id contains what it did, and what the login wrote."""
    client = app.test_client()
    await client.get('/')

    response = await client.get('/login')

    assert response.status_code == 200
    assert await session_contents(client) == {
        'username': 'zhiliao',
        'age': 20,
        '_permanent': True,
        'user': 'zhiliao',
    }


async def test_regenerate_without_session_creates_one(app: Quart) -> None:
    """A login of a client without a session creates one with what the login wrote."""
    client = app.test_client()

    await client.get('/login')

    assert await session_contents(client) == {'user': 'zhiliao'}

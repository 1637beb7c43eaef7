"""Several session cookies, of which some belong to sessions that a server no longer has."""

from quart import Quart

from tests.conftest import cookie_of

NO_SESSION = '没有session数据'


async def test_deleted_first_session_is_skipped(app: Quart) -> None:
    """A first cookie whose session was deleted does not hide the session of the second."""
    client = app.test_client()
    deleted = cookie_of(await client.get('/')).value
    await client.get('/del_session/')
    valid = cookie_of(await app.test_client().get('/set/mine')).value

    response = await app.test_client(use_cookies=False).get(
        '/contents', headers={'Cookie': f'session={deleted}; session={valid}'}
    )

    assert await response.get_json() == {'mine': 'mine'}


async def test_second_session_survives_a_logout(app: Quart) -> None:
    """A logout deletes the session of the first valid cookie, and no other."""
    one = cookie_of(await app.test_client().get('/set/one')).value
    two = cookie_of(await app.test_client().get('/set/two')).value
    client = app.test_client(use_cookies=False)
    headers = {'Cookie': f'session={one}; session={two}'}

    await client.get('/del_session/', headers=headers)

    response = await client.get('/contents', headers=headers)
    assert await response.get_json() == {'two': 'two'}

"""The playground of an app with its sessions on Redis."""

from quart import Quart


async def test_playground_shows_stored_session(app: Quart) -> None:
    """The playground shows the content, that the cookie holds only an id, and a refused replay."""
    client = app.test_client()
    await client.get('/')

    page = await (await client.get('/playground/')).get_data(as_text=True)
    await client.post('/playground/', form={'do': 'clear'})
    replayed = await client.post('/playground/', form={'do': 'replay'})
    address = replayed.headers['Location'].partition('#')[0]
    outcome = await (await client.get(address)).get_data(as_text=True)

    assert 'zhiliao' in page
    assert 'It holds nothing but an id.' in page
    assert replayed.status_code == 303
    assert 'Clearing revoked it: the server deleted that session.' in outcome

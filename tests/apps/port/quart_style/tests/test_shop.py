"""Tests in the manner of Quart's examples."""

import pytest
from quart import Quart, g, session


@pytest.fixture(name='app')
def create_app():
    return Quart(__name__)


@pytest.mark.asyncio
async def test_form(app):
    client = app.test_client()
    response = await client.post('/', form={'name': 'Ada'})
    assert (await response.get_data(as_text=True)) == 'Ada'
    async with client.session_transaction() as transaction:
        transaction['name'] = 'Ada'
    async with client:
        await client.get('/')
        assert session['name'] == 'Ada'


@pytest.mark.asyncio
async def test_context(app):
    async with app.app_context():
        g.name = 'Ada'
    async with app.test_request_context('/'):
        assert session == {}


@pytest.mark.asyncio
async def test_websocket(app):
    async with app.test_client().websocket('/ws') as socket:
        await socket.send('hello')
        assert await socket.receive() == 'hello'


def test_command(app):
    assert app.test_cli_runner().invoke(args=['prices']).exit_code == 0

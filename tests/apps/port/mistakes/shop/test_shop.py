"""Tests: the client, its context and its responses."""

import unittest

import pytest
from quart import g, session

from . import create_app


@pytest.fixture
def app():
    return create_app()


@pytest.fixture
def client(app):
    return app.test_client()


async def test_index(client):  # expect: pytest-asyncio
    response = client.get('/')  # expect: missing-await
    assert response.status_code == 200


async def test_login(client):
    response = await client.post('/login', data={'name': 'Ada'})  # expect: client-form
    assert response.status_code == 302


async def test_text(client):
    response = await client.get('/orders/slow')
    assert response.get_data(as_text=True) == 'done'  # expect: missing-await


async def test_json(client):
    response = await client.post(
        '/notes',
        data='{}',
        content_type='application/json',  # expect: client-content-type
    )
    assert response.status_code == 400


async def test_session(client):
    with client.session_transaction() as transaction:  # expect: missing-async-with
        transaction['name'] = 'Ada'
    async with client:
        await client.get('/me')
        assert session['name'] == 'Ada'
        assert g.user == 'Ada'  # expect: client-globals


async def test_context(app):
    with app.test_request_context('/'):  # expect: missing-async-with
        assert session == {}
    async with app.app_context():
        g.records = []


class TestShop(unittest.TestCase):  # expect: sync-test-case
    async def test_search(self):
        client = create_app().test_client()
        response = await client.get('/search?q=tea')
        self.assertEqual(response.text, '{}')  # expect: response-text, missing-await

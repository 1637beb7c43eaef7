from pathlib import Path

import pytest
from journal import create_app
from journal.db import get_db, init_db

DATA = Path(__file__).with_name('data.sql').read_text('utf-8')


@pytest.fixture
def app(tmp_path):
    app = create_app(
        {
            'TESTING': True,
            'DATABASE': str(tmp_path / 'test.sqlite'),
            'PICTURES': str(tmp_path / 'pictures'),
        }
    )
    with app.app_context():
        init_db()
        get_db().executescript(DATA)
    return app


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def runner(app):
    return app.test_cli_runner()


class AuthActions:
    def __init__(self, client):
        self._client = client

    def login(self, name='ann', **fields):
        return self._client.post('/auth/login', data={'username': name, 'password': name, **fields})

    def logout(self):
        return self._client.get('/auth/logout')


@pytest.fixture
def auth(client):
    return AuthActions(client)

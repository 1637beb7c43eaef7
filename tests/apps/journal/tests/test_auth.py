import pytest
from flask import g, session
from journal.db import get_db


def test_register(client, app):
    assert client.get('/auth/register').status_code == 200
    response = client.post('/auth/register', data={'username': 'cy', 'password': 'a'})
    assert response.headers['Location'] == '/auth/login'

    with app.app_context():
        assert get_db().execute("SELECT * FROM user WHERE username = 'cy'").fetchone()


@pytest.mark.parametrize(
    ('username', 'password', 'message'),
    [
        ('', '', 'A name is needed.'),
        ('a', '', 'A password is needed.'),
        ('ann', 'ann', 'The name ann is taken.'),
    ],
)
def test_register_validate_input(client, username, password, message):
    response = client.post('/auth/register', data={'username': username, 'password': password})
    assert message in response.text


def test_login(client, auth):
    assert client.get('/auth/login').status_code == 200
    response = auth.login()
    assert response.headers['Location'] == '/'

    with client:
        client.get('/')
        assert session['user_id'] == 1
        assert g.user['username'] == 'ann'


@pytest.mark.parametrize(('username', 'password'), [('zoe', 'ann'), ('ann', 'a')])
def test_login_validate_input(auth, username, password):
    response = auth.login(username, password=password)
    assert b'Wrong name or password.' in response.data


def test_remember(client, auth):
    auth.login(remember='on')
    with client.session_transaction() as saved:
        assert saved.permanent


def test_logout(client, auth):
    auth.login()

    with client:
        auth.logout()
        assert 'user_id' not in session


def test_account(client, auth):
    assert client.get('/auth/account').headers['Location'] == '/auth/login'
    auth.login()
    assert client.get('/auth/account').status_code == 200
    response = client.post('/auth/account', data={'password': 'new'}, follow_redirects=True)
    assert 'The password was changed.' in response.get_data(as_text=True)
    auth.logout()
    assert auth.login(password='new').status_code == 302

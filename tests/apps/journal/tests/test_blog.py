import io

import pytest
from journal.db import get_db


def test_index(client, auth):
    text = client.get('/').get_data(as_text=True)
    assert 'Log in' in text
    assert 'Register' in text

    auth.login()
    text = client.get('/').get_data(as_text=True)
    assert 'Hello, ann' in text
    assert 'A first day' in text
    assert 'by ann' in text
    assert 'It was\nsunny' in text
    assert 'href="/1/update"' in text


@pytest.mark.parametrize('path', ['/create', '/1/update', '/1/delete', '/api/entries'])
def test_login_required(client, path):
    assert client.post(path).headers['Location'] == '/auth/login'


def test_author_required(client, auth):
    auth.login('ben')
    assert client.post('/1/update').status_code == 403
    assert client.post('/1/delete').status_code == 403
    assert b'href="/1/update"' not in client.get('/').data


@pytest.mark.parametrize('path', ['/2/update', '/2/delete'])
def test_entry_must_exist(client, auth, path):
    auth.login()
    response = client.post(path)
    assert response.status_code == 404
    assert 'There is no entry 2.' in response.text


def test_create(client, auth, app):
    auth.login()
    assert client.get('/create').status_code == 200
    client.post('/create', data={'title': 'A second day', 'body': ''})

    with app.app_context():
        assert get_db().execute('SELECT COUNT(id) FROM entry').fetchone()[0] == 2


def test_create_with_picture(client, auth):
    auth.login()
    client.post(
        '/create',
        data={
            'title': 'The sea',
            'body': '',
            'picture': (io.BytesIO(b'a picture'), 'sea view.png'),
        },
    )

    assert 'src="/pictures/sea_view.png"' in client.get('/').text
    response = client.get('/pictures/sea_view.png')
    assert response.data == b'a picture'
    assert response.mimetype == 'image/png'


def test_draft(client, auth):
    auth.login()
    response = client.get('/create', query_string={'title': 'A draft'})
    assert 'value="A draft"' in response.text


def test_update(client, auth, app):
    auth.login()
    assert client.get('/1/update').status_code == 200
    client.post('/1/update', data={'title': 'changed', 'body': ''})

    with app.app_context():
        entry = get_db().execute('SELECT * FROM entry WHERE id = 1').fetchone()
        assert entry['title'] == 'changed'


@pytest.mark.parametrize('path', ['/create', '/1/update'])
def test_validate(client, auth, path):
    auth.login()
    response = client.post(path, data={'title': '', 'body': ''})
    assert b'A title is needed.' in response.data


def test_delete(client, auth, app):
    auth.login()
    assert client.post('/1/delete').headers['Location'] == '/'

    with app.app_context():
        assert get_db().execute('SELECT * FROM entry WHERE id = 1').fetchone() is None


def test_api(client, auth):
    assert client.get('/api/entries').get_json() == [{'id': 1, 'title': 'A first day'}]
    auth.login()
    response = client.post('/api/entries', json={'title': 'From a program'})
    assert response.status_code == 201
    assert response.json == {'id': 2}
    assert client.post('/api/entries', json={}).status_code == 400


def test_export(client):
    response = client.get('/export.txt')
    assert response.text == 'The journal at localhost\nA first day (ann)\n'
    assert response.mimetype == 'text/plain'

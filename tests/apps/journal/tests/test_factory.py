from journal import create_app


def test_config():
    assert not create_app().testing
    assert create_app({'TESTING': True}).testing


def test_hello(client):
    response = client.get('/hello')
    assert response.data == b'Hello, reader!'
    assert response.headers['X-Content-Type-Options'] == 'nosniff'


def test_missing_page(client):
    response = client.get('/missing')
    assert response.status_code == 404
    assert 'Not found' in response.text

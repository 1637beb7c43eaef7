"""`port` calls the test client with the arguments that Quart's has."""

import pytest

from tests.port.porting import port


@pytest.mark.parametrize(
    ('before', 'after'),
    [
        pytest.param(
            """\
def test_login(client):
    response = client.post('/login', data={'name': 'a'}, follow_redirects=True)
    assert response.status_code == 200
    assert b'a' in response.data
""",
            """\
async def test_login(client):
    response = await client.post('/login', form={'name': 'a'}, follow_redirects=True)
    assert response.status_code == 200
    assert b'a' in await response.data
""",
            id='fields',
        ),
        pytest.param(
            """\
def test_login(client):
    data = dict(name='a')
    assert client.post('/login', data=data).headers['Location'] == '/'
""",
            """\
async def test_login(client):
    data = dict(name='a')
    assert (await client.post('/login', form=data)).headers['Location'] == '/'
""",
            id='fields_in_a_variable',
        ),
        pytest.param(
            """\
def test_two_users(app):
    ann, bob = app.test_client(), app.test_client()
    ann.get('/')
    assert [user.get('/').status_code for user in (ann, bob)] == [200, 200]
""",
            """\
async def test_two_users(app):
    ann, bob = app.test_client(), app.test_client()
    await ann.get('/')
    assert [(await user.get('/')).status_code for user in (ann, bob)] == [200, 200]
""",
            id='clients_in_a_tuple',
        ),
        pytest.param(
            """\
import io

def test_upload(client):
    client.post('/', data={'file': (io.BytesIO(b'a'), 'a.txt')})
""",
            """\
import io
from quart.datastructures import FileStorage

async def test_upload(client):
    await client.post('/', files={'file': FileStorage(io.BytesIO(b'a'), 'a.txt')})
""",
            id='file',
        ),
        pytest.param(
            """\
import io

def test_upload(client):
    client.post(
        '/',
        data={
            'name': 'a',
            'file': (io.BytesIO(b'a'), 'a.txt', 'text/plain'),
        },
        content_type='multipart/form-data',
    )
""",
            """\
import io
from quart.datastructures import FileStorage

async def test_upload(client):
    await client.post(
        '/',
        form={
            'name': 'a',
        },
        files={
            'file': FileStorage(io.BytesIO(b'a'), 'a.txt', content_type='text/plain'),
        },
    )
""",
            id='file_and_fields',
        ),
        pytest.param(
            """\
def test_upload(client, stream):
    client.post('/', data=dict(name='a', file=(stream, 'a.txt')), buffered=True)
""",
            """\
from quart.datastructures import FileStorage

async def test_upload(client, stream):
    await client.post('/', form=dict(name='a'), files=dict(file=FileStorage(stream, 'a.txt')))
""",
            id='files_of_dict_call',
        ),
        pytest.param(
            """\
import json

def test_create(client):
    client.post('/', data=json.dumps({}), content_type='application/json')
""",
            """\
import json

async def test_create(client):
    await client.post('/', data=json.dumps({}), headers={'Content-Type': 'application/json'})
""",
            id='content_type',
        ),
        pytest.param(
            """\
def test_create(client):
    client.put('/', data='{}', headers={'A': 'b'}, content_type='application/json')
""",
            """\
async def test_create(client):
    await client.put('/', data='{}', headers={'A': 'b', 'Content-Type': 'application/json'})
""",
            id='content_type_and_headers',
        ),
        pytest.param(
            """\
def test_create(client):
    client.put('/', data='{}', headers=[('A', 'b')], content_type='application/json')
""",
            """\
async def test_create(client):
    await client.put('/', data='{}', headers=[('A', 'b'), ('Content-Type', 'application/json')])
""",
            id='content_type_and_list_of_headers',
        ),
        pytest.param(
            """\
def test_cookie(client):
    client.set_cookie('name', 'value')
    client.set_cookie('localhost', 'name', 'value')
    client.set_cookie('name', 'value', domain='example.com')
    client.set_cookie(key='name', value='value')
    client.delete_cookie('name')
""",
            """\
def test_cookie(client):
    client.set_cookie('localhost', 'name', 'value')
    client.set_cookie('localhost', 'name', 'value')
    client.set_cookie('example.com', 'name', 'value')
    client.set_cookie(server_name='localhost', key='name', value='value')
    client.delete_cookie('localhost', 'name')
""",
            id='cookies',
        ),
        pytest.param(
            """\
def test_context(app):
    with app.test_request_context():
        pass
    with app.test_request_context('/a', data={'b': 'c'}, method='POST'):
        pass
""",
            """\
async def test_context(app):
    async with app.test_request_context('/'):
        pass
    async with app.test_request_context('/a', form={'b': 'c'}, method='POST'):
        pass
""",
            id='request_context',
        ),
        pytest.param(
            """\
from flask import session

def test_session(client):
    with client.session_transaction() as stored:
        stored['a'] = 1
    with client:
        client.get('/')
        assert session['a'] == 1
""",
            """\
from quart import session

async def test_session(client):
    async with client.session_transaction() as stored:
        stored['a'] = 1
    async with client:
        await client.get('/')
        assert session['a'] == 1
""",
            id='session',
        ),
        pytest.param(
            """\
def test_application(client):
    assert client.application.testing
""",
            """\
def test_application(client):
    assert client.app.testing
""",
            id='application',
        ),
    ],
)
def test_request_has_quarts_arguments(before: str, after: str) -> None:
    """Fields, files and content types are passed as Quart's client takes them."""
    assert port(before, name='test_app.py') == after


@pytest.mark.parametrize(
    ('before', 'after'),
    [
        pytest.param(
            """\
def test_body(client):
    response = client.get('/')
    assert response.json['a'] == response.get_json()['a']
    assert response.text == response.data.decode()
    assert response.is_json and response.headers['A'].startswith('b')
""",
            """\
async def test_body(client):
    response = await client.get('/')
    assert (await response.json)['a'] == (await response.get_json())['a']
    assert await response.get_data(as_text=True) == (await response.data).decode()
    assert response.is_json and response.headers['A'].startswith('b')
""",
            id='body',
        ),
        pytest.param(
            """\
def test_body(client):
    assert client.get('/').get_json()['a'] == 1
""",
            """\
async def test_body(client):
    assert (await (await client.get('/')).get_json())['a'] == 1
""",
            id='chained',
        ),
        pytest.param(
            """\
class Actions:
    def __init__(self, client):
        self._client = client

    def login(self):
        return self._client.post('/login', data={'a': 'b'})

def test_login(client):
    assert b'a' in Actions(client).login().data
""",
            """\
class Actions:
    def __init__(self, client):
        self._client = client

    async def login(self):
        return await self._client.post('/login', form={'a': 'b'})

async def test_login(client):
    assert b'a' in await (await Actions(client).login()).data
""",
            id='helper',
        ),
    ],
)
def test_response_is_read_asynchronously(before: str, after: str) -> None:
    """The body of a response is awaited, its head is not."""
    assert port(before, name='test_app.py') == after


@pytest.mark.parametrize(
    ('before', 'after'),
    [
        pytest.param(
            """\
import pytest
from shop import app

@pytest.fixture
def client():
    with app.test_client() as client:
        with app.app_context():
            print('ready')
        yield client

def test_index(client):
    assert client.get('/').status_code == 200
""",
            """\
import pytest
from shop import app

@pytest.fixture
async def client():
    async with app.test_client() as client:
        async with app.app_context():
            print('ready')
        yield client

async def test_index(client):
    assert (await client.get('/')).status_code == 200
""",
            id='client',
        ),
        pytest.param(
            """\
import pytest

@pytest.fixture
def token(client):
    return client.post('/token').get_json()['token']

def test_token(client, token):
    client.get('/', headers={'Authorization': token})
""",
            """\
import pytest

@pytest.fixture
async def token(client):
    return (await (await client.post('/token')).get_json())['token']

async def test_token(client, token):
    await client.get('/', headers={'Authorization': token})
""",
            id='value',
        ),
    ],
)
def test_fixture_becomes_async(before: str, after: str) -> None:
    """A fixture that awaits is async, and its tests get the awaited value."""
    assert port(before, name='test_app.py') == after


@pytest.mark.parametrize(
    ('before', 'after'),
    [
        pytest.param(
            """\
def test_command(app, client):
    client.get('/')
    assert 'made' in app.test_cli_runner().invoke(args=['make']).output
""",
            """\
import asyncio

async def test_command(app, client):
    await client.get('/')
    assert 'made' in (await asyncio.to_thread(app.test_cli_runner().invoke, args=['make'])).output
""",
            id='async_test',
        ),
        pytest.param(
            """\
def test_command(runner):
    assert runner.invoke(args=['make']).exit_code == 0
""",
            """\
def test_command(runner):
    assert runner.invoke(args=['make']).exit_code == 0
""",
            id='sync_test',
        ),
    ],
)
def test_command_runs_in_thread(before: str, after: str) -> None:
    """An async test invokes a command in a thread, a test that is not async does not."""
    assert port(before, name='test_app.py') == after

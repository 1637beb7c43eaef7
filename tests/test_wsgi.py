"""A WSGI server gets a clear error from the app, and ASGI servers still see an ASGI app."""

import inspect
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from wsgiref.validate import validator

import httpx
import pytest
from hypercorn.utils import is_asgi
from quart import Quart
from werkzeug.serving import make_server
from werkzeug.test import create_environ, run_wsgi_app

from quart_session_demo.compare.harness.servers import ServerCommand, gunicorn, run_servers
from quart_session_demo.wsgi import WSGIRejectingQuart
from tests.conftest import KEY, make_app

MESSAGE = (
    'This is an ASGI app, and the server called it as a WSGI app: start it with an ASGI server, '
    'such as hypercorn quart_session_demo:app or gunicorn -k asgi quart_session_demo:app'
)


def call(app: Any, method: str = 'GET') -> tuple[str, str]:
    """Return the status and body of one WSGI request, which follow the WSGI standard."""
    environ = create_environ('/', method=method)
    body, status, _ = run_wsgi_app(validator(app), environ, buffered=True)
    return status, b''.join(body).decode()


@pytest.mark.parametrize('method', ['GET', 'HEAD', 'POST'])
def test_wsgi_request_returns_500_with_the_reason(method: str) -> None:
    """A valid WSGI response names ASGI and the command; HEAD has no body."""
    status, body = call(make_app(), method)

    assert status == '500 Internal Server Error'
    assert body == ('' if method == 'HEAD' else f'{MESSAGE}\n')


def test_reason_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """Of many requests in many threads, one logs the reason."""
    app = make_app()
    start = threading.Barrier(8)

    def request(_: int) -> None:
        start.wait()
        for _ in range(5):
            call(app)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(request, range(8)))

    [record] = caplog.records
    assert (record.levelno, record.getMessage()) == (logging.ERROR, MESSAGE)


@pytest.mark.e2e
@pytest.mark.parametrize('worker', ['sync', 'gthread'])
def test_gunicorn_shows_the_reason(worker: str) -> None:
    """On gunicorn's default workers each page and one log line show the reason."""
    command = gunicorn('quart_session_demo:app', '--worker-class', worker)

    with run_servers(ServerCommand('gunicorn', command, {'QUART_SECRET_KEY': KEY})) as [server]:
        responses = [httpx.get(f'{server.url}{path}') for path in ('/', '/get_session/')]
        log = server.log.tail(100)

    assert [response.status_code for response in responses] == [500, 500]
    assert {response.text for response in responses} == {f'{MESSAGE}\n'}
    assert log.count(MESSAGE) == 1
    assert 'Traceback' not in log


def test_werkzeugs_server_shows_the_reason() -> None:
    """Werkzeug's development server returns the reason, too."""
    app: Any = make_app()
    server = make_server('127.0.0.1', 0, app)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        response = httpx.get(f'http://127.0.0.1:{server.port}/')
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

    assert (response.status_code, response.text) == (500, f'{MESSAGE}\n')


@pytest.mark.e2e
def test_gunicorns_asgi_worker_serves_the_app() -> None:
    """`gunicorn -k asgi`, which the message names, serves the lesson."""
    command = gunicorn('quart_session_demo:app', '-k', 'asgi')

    with run_servers(ServerCommand('gunicorn', command, {'QUART_SECRET_KEY': KEY})) as [server]:
        assert httpx.get(f'{server.url}/get_session/').text == '没有session数据'


@pytest.mark.parametrize('is_coroutine_function', [inspect.iscoroutinefunction, is_asgi])
def test_asgi_servers_recognize_the_app(is_coroutine_function: Any) -> None:
    """Servers that inspect `__call__`, such as uvicorn and Hypercorn, find a coroutine function."""
    app = make_app()

    assert is_coroutine_function(app.__call__)
    assert is_asgi(app)


def test_wrong_number_of_arguments_is_an_error() -> None:
    """A server that calls the app without arguments, as a factory, gets the usual TypeError."""
    app: Any = make_app()

    with pytest.raises(TypeError, match='missing'):
        app()
    with pytest.raises(TypeError, match='missing'):
        app({})


async def test_own_app_reports_its_own_name() -> None:
    """An own app of this class names its own module, and works as a Quart app."""
    app = WSGIRejectingQuart('shop')

    @app.get('/')
    async def index() -> str:
        return 'shop'

    assert isinstance(app, Quart)
    assert 'hypercorn shop:app or' in call(app)[1]
    assert await (await app.test_client().get('/')).get_data() == b'shop'

"""A Flask app on Quart with unchanged views."""

import httpx
import pytest

from quart_session_demo.compare.harness.servers import (
    ServerCommand,
    ServerError,
    run_servers,
)
from quart_session_demo.compare.load.contenders import SYNC_VIEWS, Pair
from tests.compare.conftest import find_contender

KEY = {'QUART_SECRET_KEY': 'a key', 'FLASK_SECRET_KEY': 'a key'}


def sync_views(app: str) -> ServerCommand:
    """Return how to start the contender with an app of `tests.apps`."""
    pair = Pair(f'tests.apps.{app}', 'no_app:app', KEY)
    return find_contender(pair, SYNC_VIEWS).server


def test_unchanged_views_run_on_quart() -> None:
    """Functions, classes, the session and Flask's modules work without a change."""
    with (
        run_servers(sync_views('sync_view_apps:create_app()')) as [server],
        httpx.Client(base_url=server.url) as client,
    ):
        client.post('/', params={'name': 'ann'})
        response = client.get('/', params={'name': 'bob'})

    assert response.text == 'bob "ann"'
    assert response.headers['Server'].startswith('hypercorn')


def test_missing_await_is_an_error() -> None:
    """A view that would need an `await` fails: its response is not the expected one."""
    with run_servers(sync_views('sync_view_apps:create_app()')) as [server]:
        response = httpx.get(f'{server.url}/form/')

    assert response.status_code == 500


@pytest.mark.parametrize(
    ('app', 'problem'),
    [
        ('no_quart_name:app', "ImportError: cannot import name 'FlaskClient' from 'quart.testing'"),
        ('sync_view_apps:no_app', "has no attribute 'no_app'"),
        ('no_such_module:app', 'there is no module tests.apps.no_such_module'),
    ],
)
def test_app_that_quart_cannot_run_is_an_error(app: str, problem: str) -> None:
    """An app that does not load is one line in the server's log, without a traceback."""
    with pytest.raises(ServerError) as caught, run_servers(sync_views(app)):
        pass

    *_, line = str(caught.value).splitlines()
    assert line.startswith('Error: tests.apps.')
    assert problem in line
    assert 'Traceback' not in str(caught.value)

"""`check-deploy` finds limits with which an app refuses small sessions and forms."""

from collections.abc import Callable

import pytest
from quart import Quart, session
from quart.sessions import SecureCookieSessionInterface

from quart_session_demo.deploy_check import check_settings
from quart_session_demo.sessions import MemoryStore, ServerSessionInterface
from tests.deploy_check.apps import demo_app, found, own_app

REFUSED = {'session-limit': 'error'}
UNLIMITED = {'cookie-unlimited': 'warning'}


def needed(app: Quart) -> int:
    """Return how many bytes a small session needs, from the message."""
    [finding] = [finding for finding in check_settings(app) if finding.id == 'session-limit']
    return int(finding.message.partition('needs ')[2].split()[0])


@pytest.mark.parametrize('name', ['MAX_COOKIE_SIZE', 'SESSION_COOKIE_MAX_DECOMPRESSED'])
async def test_limit_that_refuses_the_lesson_is_found(name: str) -> None:
    """The lesson returns 413 with the largest limit that is an error, and works with the next."""
    size = needed(demo_app(**{name: 1}))

    for limit, status, expected in ((size - 1, 413, REFUSED), (size, 200, {})):
        app = demo_app(**{name: limit})
        response = await app.test_client().get('/', scheme='https')
        assert (response.status_code, found(app)) == (status, expected)


@pytest.mark.parametrize(
    ('config', 'expected'),
    [
        ({'MAX_COOKIE_SIZE': 100}, REFUSED),
        ({'SESSION_COOKIE_MAX_DECOMPRESSED': 10}, REFUSED),
        ({'MAX_COOKIE_SIZE': 0}, UNLIMITED),
        ({'MAX_COOKIE_SIZE': 4097}, UNLIMITED),
        ({'MAX_COOKIE_SIZE': 4096}, {}),
    ],
    ids=str,
)
def test_cookie_limit_of_own_app_is_found(config: dict[str, int], expected: dict[str, str]) -> None:
    """An own app with our cookie sessions is checked too."""
    assert found(own_app(**config)) == expected


def test_stock_sessions_have_no_limit() -> None:
    """Quart's own interface sends a cookie over the limit: nothing is refused."""
    app = own_app(MAX_COOKIE_SIZE=100)
    app.session_interface = SecureCookieSessionInterface()

    assert found(app) == {}


def server_app(limit: int) -> Quart:
    """Return an own app whose sessions are in memory and have this limit."""
    app = own_app(SESSION_MAX_STORED_SIZE=limit)
    app.session_interface = ServerSessionInterface(app, MemoryStore())  # type: ignore[assignment]
    app.add_url_rule('/login', view_func=login)
    return app


async def login() -> str:
    session.update(username='zhiliao', age=20)
    session.permanent = True
    return ''


async def test_limit_of_sessions_on_a_server_is_found() -> None:
    """The limit of a session in a store is compared with the size that the store refuses."""
    size = needed(server_app(1))

    for limit, status in ((size - 1, 413), (size, 200)):
        app = server_app(limit)
        assert ('session-limit' in found(app)) is (status == 413)
        async with app.test_app():
            response = await app.test_client().get('/login', scheme='https')
        assert response.status_code == status


@pytest.mark.parametrize('make_app', [demo_app, own_app])
@pytest.mark.parametrize('name', ['MAX_CONTENT_LENGTH', 'MAX_FORM_MEMORY_SIZE'])
def test_limit_in_the_wrong_unit_is_found(make_app: Callable[..., Quart], name: str) -> None:
    """A limit of 16 bytes, probably meant as MB, is a warning in an app with a form."""
    app = make_app(**{name: 16})
    assert found(app) == {}

    app.add_url_rule('/form', methods=['POST'], view_func=login)

    assert found(app) == {'body-limit': 'warning'}

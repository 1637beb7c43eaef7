"""A user of the page, and apps with the page."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from html import unescape
from types import MappingProxyType
from typing import Any

import pytest
from quart import Quart, Response

from quart_session_demo import create_app
from quart_session_demo.compare.harness.servers import ServerCommand, hypercorn, run_servers
from tests.conftest import KEY, session_contents
from tests.redis_server import RedisServer

PAGE = '/playground/'
LESSON = {'username': 'zhiliao', 'age': 20, '_permanent': True}


class PageUser:
    """A user of an app's page, with a browser's cookies."""

    def __init__(self, app: Quart) -> None:
        self.app = app
        self.client = app.test_client()

    async def session(self) -> dict[str, Any]:
        """Return what the user's session contains."""
        return await session_contents(self.client)

    async def update_session(self, content: dict[str, Any]) -> None:
        """Add content to the user's session."""
        async with self.client.session_transaction() as session:
            session.update(content)

    async def page(self, address: str = PAGE) -> str:
        """Return the text of the page, unescaped."""
        response = await self.client.get(address)
        assert response.status_code == 200
        return unescape(await response.get_data(as_text=True))

    async def post(
        self,
        action: str,
        key: str | None = None,
        value: str | None = None,
        *,
        address: str = PAGE,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> Response:
        """Press the button of an action, and return the response."""
        fields = {'do': action, 'key': key, 'value': value}
        form = {name: text for name, text in fields.items() if text is not None}
        return await self.client.post(address, form=form, headers={**headers})

    async def act(self, action: str, key: str | None = None, value: str | None = None) -> str:
        """Press the button of an action, and return the section that reports the outcome."""
        response = await self.post(action, key, value)
        return outcome(await self.page(await redirect_address(response)))

    async def refused(
        self, status: int, action: str, key: str | None = None, value: str | None = None
    ) -> str:
        """Press the button of an action that is refused, and return the page."""
        response = await self.post(action, key, value)
        assert response.status_code == status
        assert response.headers['Cache-Control'] == 'no-store'
        return unescape(await response.get_data(as_text=True))

    async def refused_headers(self, headers: Mapping[str, str]) -> str:
        """Press a button as a page of another site does, and return the page of the 403."""
        response = await self.post('clear', headers=headers)
        assert response.status_code == 403
        return unescape(await response.get_data(as_text=True))


@pytest.fixture
def user(app: Quart) -> PageUser:
    """Return a user of the default app."""
    return PageUser(app)


@pytest.fixture
def make_user() -> Callable[..., PageUser]:
    """Return a factory of users, each of an app with the given settings."""

    def make(**config: Any) -> PageUser:
        return PageUser(create_app({'SECRET_KEY': KEY, **config}))

    return make


@contextmanager
def serve_page(app: str = 'quart_session_demo:app', **settings: str) -> Iterator[str]:
    """Serve the page with Hypercorn, and yield its address.

    Args:
        app: The app, as `module:name`.
        settings: Its settings, without the prefix of the variables.
    """
    variables = {f'QUART_{name}': value for name, value in settings.items()}
    command = ServerCommand('page', hypercorn(app), {'QUART_SECRET_KEY': KEY, **variables})
    with run_servers(command) as (server,):
        yield server.url + PAGE


@pytest.fixture(scope='module')
def address() -> Iterator[str]:
    """Yield the address of the page, with the session in the cookie."""
    with serve_page() as address:
        yield address


@pytest.fixture(scope='module')
def redis_address(redis_server: RedisServer) -> Iterator[str]:
    """Yield the address of the page, with the sessions in Redis and `/fill`."""
    with serve_page(
        'tests.apps.playground_app:app',
        SESSION_TYPE='redis',
        SESSION_REDIS_URL=redis_server.url,
    ) as address:
        yield address


async def redirect_address(response: Response) -> str:
    """Return the address of the page that reports the outcome of an action."""
    assert response.status_code == 303, await response.get_data(as_text=True)
    address, _, fragment = response.headers['Location'].partition('#')
    assert fragment in ('last', 'cookie')
    assert address.startswith(PAGE)
    return str(address)


def outcome(page: str) -> str:
    """Return the section of the page that reports the outcome of the last action."""
    return page.partition('id="last"')[2].partition('</section>')[0]

"""Apps with the page, and devices on which their users are logged in."""

import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from quart import Quart, Response

from tests.apps.session_pages_app import PREFIX, make_session_pages_app
from tests.sessions.conftest import sqlite_settings

PAGE = f'{PREFIX}/'
FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'


class Device:
    """A browser of a user, with its cookies."""

    def __init__(self, app: Quart, user_agent: str = FIREFOX) -> None:
        self.client = app.test_client()
        self.headers = {'User-Agent': user_agent}

    async def log_in(self, user: str) -> None:
        """Log in, and check that the app shows the page then."""
        response = await self.client.post('/login', json={'user': user}, headers=self.headers)
        assert response.status_code == 303

    async def get(self, address: str = PAGE) -> Response:
        """Return the response to a request for the page."""
        return await self.client.get(address, headers=self.headers)

    async def page(self) -> str:
        """Return the text of the page with all sessions, unescaped."""
        response = await self.get()
        assert response.status_code == 200
        return unescape(await response.get_data(as_text=True))

    async def post(self, action: str, public_id: str | None = None) -> Response:
        """Send a form of the page, and return the response."""
        form = {} if public_id is None else {'id': public_id}
        return await self.client.post(PAGE + action, form=form, headers=self.headers)

    async def act(self, action: str, public_id: str | None = None) -> str:
        """Send a form of the page, and return the notice on the page that follows."""
        response = await self.post(action, public_id)
        assert (response.status_code, response.headers['Location']) == (303, PAGE)
        return notice(await self.page())

    async def is_logged_in(self) -> bool:
        """Return whether the device's session exists."""
        status = (await self.get()).status_code
        assert status in (200, 401)
        return status == 200


def notice(page: str) -> str:
    """Return the text of the page's notice; empty if there is none."""
    found = re.search('<p id="notice"[^>]*>([^<]*)</p>', page)
    return found[1] if found else ''


def ids(page: str) -> list[str]:
    """Return the public ids of the sessions on the page; the first is the current one."""
    return re.findall('<button name="id" value="([^"]*)">', page)


@pytest.fixture(params=['memory', 'sqlite'])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    """Return the settings of two stores: a test that uses this runs on both."""
    return sqlite_settings(tmp_path) if request.param == 'sqlite' else {'SESSION_TYPE': 'memory'}


@pytest.fixture
async def app(store: dict[str, Any]) -> AsyncIterator[Quart]:
    """Yield an app with the page and its sessions in the store."""
    app = make_session_pages_app(**store)
    async with app.test_app():
        yield app


@pytest.fixture
async def devices(app: Quart) -> dict[str, Device]:
    """Return three devices: two of Ann, one of Bob, all logged in."""
    devices = {}
    for name in ('ann', 'ann 2', 'bob'):
        devices[name] = Device(app)
        await devices[name].log_in(name.partition(' ')[0])
    return devices

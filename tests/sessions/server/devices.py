"""The browsers of users who log in, in apps of `make_users_app`."""

from typing import Any

from quart import Quart

from tests.conftest import cookies_of, get_with_cookie


class Device:
    """A browser: it stores the cookie that it gets, and sends it.

    Attributes:
        cookie: The value of the last cookie that it got, which may be deleted since.
        response: The last response.
    """

    def __init__(self, app: Quart) -> None:
        self._client = app.test_client()
        self.cookie = ''
        self.response: Any = None

    async def get(self, path: str, **headers: str) -> Any:
        """Return the JSON of a successful response."""
        return await self._json(await self._client.get(path, headers=headers))

    async def post(self, path: str, *, headers: Any = None, **arguments: Any) -> Any:
        """Return the JSON of a successful response."""
        response = await self._client.post(path, json=arguments, headers=headers)
        return await self._json(response)

    async def _json(self, response: Any) -> Any:
        self.response = response
        assert response.status_code == 200, response.status_code
        for cookie in cookies_of(response):
            if cookie.value:
                self.cookie = cookie.value
        return await response.get_json()


async def log_in(app: Quart, user: str, **headers: str) -> Device:
    """Return a device on which a user has logged in."""
    device = Device(app)
    await device.post('/log-in', user=user, headers=headers)
    return device


async def records(app: Quart, user: str) -> list[dict[str, Any]]:
    """Return the user's records as a client without a session gets them."""
    found: list[dict[str, Any]] = await Device(app).post('/records', user=user)
    return found


async def user_of(app: Quart, cookie: str) -> str | None:
    """Return the user of the session with this cookie."""
    found: dict[str, str | None] = await (await get_with_cookie(app, '/user', cookie)).get_json()
    return found['user']

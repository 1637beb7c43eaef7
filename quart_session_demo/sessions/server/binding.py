"""The user that a session is bound to, and what a store holds about it."""

import json
from dataclasses import dataclass
from typing import Self

from quart import Quart, has_websocket_context, request, websocket

from quart_session_demo.sessions.server.store import Fields, user_key

# No session key has a colon in front.
USER = b':user'
LAST_USED = b':last-used'
USER_AGENT = b':user-agent'
CLIENT = b':client'
#: The setting with which the device of a login is stored.
STORE_DEVICE = 'SESSION_STORE_DEVICE'
#: The fields about the device, which are stored only with `SESSION_STORE_DEVICE`.
DEVICE = (
    USER_AGENT,
    CLIENT,
)
#: How much of a browser's name is stored, in characters. A client may send any text.
MAX_USER_AGENT = 256


@dataclass
class Binding:
    """The user of a session.

    Attributes:
        user: The user's name, as the login gave it.
        last_used: When the session was last used, in milliseconds since 1970; up to a minute late.
        user_agent: What the browser sent as its name at the login, if it is stored.
        client: The address from which the login was sent, if it is stored.
    """

    user: str
    last_used: int = 0
    user_agent: str | None = None
    client: str | None = None

    @classmethod
    def of_login(cls, app: Quart, user: str) -> Self:
        """Return the binding of a user who logs in with the current request.

        Raises:
            TypeError, ValueError: The user is not a non-empty string.
        """
        user_key(user)
        if not app.config.get(STORE_DEVICE):
            return cls(user)
        sent = websocket if has_websocket_context() else request
        agent = sent.headers.get('User-Agent', '')[:MAX_USER_AGENT]
        return cls(user, user_agent=agent or None, client=sent.remote_addr)

    @classmethod
    def decode(cls, fields: Fields) -> Self | None:
        """Return the binding in the fields of a session, or None if it is not bound.

        Raises:
            ValueError: The fields hold something else.
        """
        if USER not in fields:
            return None
        try:
            agent, client = (json.loads(fields.get(name, b'null')) for name in DEVICE)
            binding = cls(json.loads(fields[USER]), int(fields[LAST_USED]), agent, client)
            user_key(binding.user)
        except (KeyError, TypeError, ValueError):
            # Without the error itself, whose message may hold a stored value.
            raise ValueError('the stored fields do not hold the user of a session') from None
        return binding

    def encode(self) -> Fields:
        """Return the fields that hold the binding."""
        fields = {USER: _to_json(self.user), LAST_USED: b'%d' % self.last_used}
        if self.user_agent is not None:
            fields[USER_AGENT] = _to_json(self.user_agent)
        if self.client is not None:
            fields[CLIENT] = _to_json(self.client)
        return fields

    @property
    def has_device(self) -> bool:
        """Whether the device of the login is stored."""
        return not self.encode().keys().isdisjoint(DEVICE)

    @property
    def user_key(self) -> str:
        """The key by which a store finds the user's sessions."""
        return user_key(self.user)


def _to_json(text: str) -> bytes:
    return json.dumps(text).encode()

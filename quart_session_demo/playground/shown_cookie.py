"""What the page shows about the session cookie of the request."""

import json
from dataclasses import dataclass

from quart import current_app

from quart_session_demo.playground.cookie_parts import Part, compare_parts, shown_parts
from quart_session_demo.playground.long_text import MAX_BEGINNING
from quart_session_demo.playground.session_cookie import (
    content_in_cookie,
    displayable,
    has_server_sessions,
)
from quart_session_demo.sessions.inspector import (
    InspectedCookie,
    NotASessionCookie,
    SignedBy,
    inspect_cookie,
    inspect_id,
)
from quart_session_demo.sessions.server.signing import is_signed_id


@dataclass(frozen=True)
class ShownCookie:
    """A session cookie on the page.

    Attributes:
        value: The value; of a session id only its beginning.
        parts: The parts of a signed cookie, shortened.
        content: What a signed cookie contains; None for a session that is stored on a server.
        problem: Why the value is no session cookie of this app, in English; None if it is one.
        signed_by: The key that signed a session id; None if the id has no signature.
        payload: The content in JSON, as in the cookie.
        readable_payload: The same with all characters as they are, not escaped.
        commands: Three commands of Python that print the content.
    """

    value: str
    parts: list[Part]
    content: InspectedCookie | None = None
    problem: str | None = None
    signed_by: SignedBy | None = None
    payload: str = ''
    readable_payload: str = ''
    commands: str = ''

    @property
    def is_cut(self) -> bool:
        """Whether the page shows only a part of the value, or only the beginning of the content."""
        shown = '.'.join(part.start for part in self.parts) if self.parts else self.value
        return shown != self.value or max(len(self.value), len(self.payload)) > MAX_BEGINNING


def show_cookie(cookie: str) -> ShownCookie:
    """Return what the page shows about the value of the request's session cookie."""
    try:
        if content_in_cookie():
            return _show_content(cookie)
        signed_by = inspect_id(cookie, current_app).signed_by if has_server_sessions() else None
    except NotASessionCookie as error:
        shown = displayable(cookie) if is_signed_id(cookie) else printable(cookie)
        return ShownCookie(shown, [], problem=str(error))
    return ShownCookie(displayable(cookie), [], signed_by=signed_by)


def _show_content(cookie: str) -> ShownCookie:
    inspected = inspect_cookie(cookie, current_app)
    readable = json.dumps(inspected.tagged, separators=(',', ':'), ensure_ascii=False)
    return ShownCookie(
        cookie,
        compare_parts(shown_parts(cookie)),
        content=inspected,
        payload=json.dumps(inspected.tagged, separators=(',', ':')),
        readable_payload=printable(readable),
        commands=_decode_commands(inspected),
    )


def _decode_commands(cookie: InspectedCookie) -> str:
    modules, decoded = 'base64, json', "base64.urlsafe_b64decode(payload + '==')"
    if cookie.compressed:
        modules += ', zlib'
        decoded = "zlib.decompress(base64.urlsafe_b64decode(payload[1:] + '=='))"
    return f'import {modules}\npayload = {cookie.payload_part!r}\nprint(json.loads({decoded}))'


def printable(text: str) -> str:
    """Return the text with escapes for characters that a browser would not show."""
    return ''.join(
        character if character.isprintable() else character.encode('unicode_escape').decode()
        for character in text
    )

"""The actions that the page offers: those that can work on the user's session now."""

from typing import Any

from quart import current_app

from quart_session_demo.playground.altered_copies import can_expire
from quart_session_demo.playground.session_cookie import content_in_cookie


def offered_actions(
    content: dict[str, Any], cookie: str | None, *, permanent: bool, has_old_cookie: bool
) -> set[str]:
    """Return the names of the actions.

    Args:
        content: The content of the user's session.
        cookie: The value of the session cookie.
        permanent: Whether the session remains after the browser is closed.
        has_old_cookie: Whether there is an old cookie to replay.
    """
    actions = {'set', 'get'}
    if content:
        actions |= {'pop', 'del', 'clear', 'lesson', 'browser' if permanent else 'permanent'}
    if content and cookie:
        actions.add('character')
        if content_in_cookie():
            actions.add('key')
            if can_expire(current_app):
                actions.add('time')
            if current_app.config['MAX_COOKIE_SIZE']:
                actions.add('overflow')
    if has_old_cookie:
        actions.add('replay')
    return actions

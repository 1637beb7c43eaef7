"""The guided minute: six steps, of which the page suggests the next one."""

from typing import Any, NamedTuple

from quart_session_demo.playground.actions import is_valid_key
from quart_session_demo.playground.altered_copies import ALTERATIONS

#: The steps in their order. They are actions; `cookie` does nothing but open that part of the page.
STEPS = (
    'lesson',
    'get',
    'cookie',
    'character',
    'clear',
    'replay',
)


class Step(NamedTuple):
    """A step of the guided minute.

    Attributes:
        name: One of `STEPS`.
        number: Its position, from 1.
    """

    name: str
    number: int


def next_step(content: dict[str, Any], action: str | None, offered: set[str]) -> Step:
    """Return the step to suggest.

    Args:
        content: The content of the user's session.
        action: The last action; None if the page does not know it.
        offered: The actions that the page offers.
    """
    if not content:
        name = 'replay' if action == 'clear' and 'replay' in offered else 'lesson'
    elif action == 'cookie' and 'character' in offered:
        name = 'character'
    elif action in (*ALTERATIONS, 'overflow', 'replay'):
        name = 'clear'
    elif action == 'get' or key_to_read(content, None) is None:
        name = 'cookie'
    else:
        name = 'get'
    return Step(name, STEPS.index(name) + 1)


def key_to_read(content: dict[str, Any], last_key: str | None) -> str | None:
    """Return the key for the step `get`: the one that was set last, or the lesson's, or the first.

    Args:
        content: The content of the user's session.
        last_key: The key of the last action, if there was one.

    Returns:
        The key; None if the form accepts no key of the session.
    """
    candidates = (last_key, 'username', *content)
    return next((key for key in candidates if key in content and _can_be_sent(key)), None)


def _can_be_sent(key: Any) -> bool:
    # A form changes line breaks, and a page cannot contain a lone surrogate.
    return is_valid_key(key) and key.isprintable()

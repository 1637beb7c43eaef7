"""The session operations of the page: each is a line of Python, the same in Flask and Quart."""

import json
import math
import secrets
from typing import Any

from quart import current_app, session

from quart_session_demo.sessions.inspector import nesting_levels

#: The line of each action. The form replaces `{key}` and `{value}`, the app `{limit}`.
ACTION_LINES = {
    'set': 'session[{key}] = {value}',
    'get': 'session.get({key})',
    'pop': 'session.pop({key})',
    'del': 'del session[{key}]',
    'clear': 'session.clear()',
    'permanent': 'session.permanent = True',
    'browser': 'session.permanent = False',
    'lesson': "session['username'] = 'zhiliao'\nsession['age'] = 20\nsession.permanent = True",
    'overflow': "session['big'] = secrets.token_hex({limit})",
}
ACTIONS_WITH_KEY = ('set', 'get', 'pop', 'del')
MAX_NESTING = 50


class NestedTooDeeply(ValueError):
    """Raised for JSON that is nested deeper than `MAX_NESTING` levels."""


def run(action: str, key: str, value: Any) -> Any:
    """Run the line of an action on the user's session.

    Returns:
        The value of the line's expression; None for a statement.

    Raises:
        KeyError: The session has no such key to remove.
    """
    match action:
        case 'set':
            session[key] = value
        case 'get':
            return session.get(key)
        case 'pop':
            return session.pop(key)
        case 'del':
            del session[key]
        case 'clear':
            session.clear()
        case 'permanent':
            session.permanent = True
        case 'browser':
            session.permanent = False
        case 'lesson':
            session['username'] = 'zhiliao'
            session['age'] = 20
            session.permanent = True
        case 'overflow':
            session['big'] = secrets.token_hex(current_app.config['MAX_COOKIE_SIZE'])
    return None


def parse_value(text: str) -> Any:
    """Return the value that the text is in JSON, or the text itself if it is not JSON.

    Raises:
        NestedTooDeeply: The text is JSON, but nested deeper than `MAX_NESTING` levels.
    """
    try:
        value = json.loads(text, parse_constant=_reject_constant, parse_float=_finite_float)
    except RecursionError:
        raise NestedTooDeeply from None
    except ValueError:
        return text
    if sum(1 for _ in nesting_levels(value)) > MAX_NESTING:
        raise NestedTooDeeply
    return value


def _reject_constant(constant: str) -> Any:
    # Python's parser accepts NaN and Infinity, which are not JSON.
    raise ValueError(constant)


def _finite_float(number: str) -> float:
    # Python reads 1e999 as infinity, which JSON cannot store.
    value = float(number)
    if math.isinf(value):
        raise ValueError(number)
    return value

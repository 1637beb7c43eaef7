"""The session operations of the page. Each is a line of Python, the same in Flask and Quart."""

import json
import math
import secrets
from typing import Any, NoReturn

from quart import current_app, session

from quart_session_demo.sessions.inspector import nesting_levels

#: The line of each action. `{key}` and `{value}` are replaced by the form's texts, `{limit}` by
#: `MAX_COOKIE_SIZE`.
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
#: The actions that use the key in the form.
ACTIONS_WITH_KEY = (
    'set',
    'get',
    'pop',
    'del',
)
#: In characters.
MAX_KEY_LENGTH = 100
#: The levels of nesting that a value may have.
MAX_VALUE_NESTING = 50


class NestedTooDeeply(ValueError):
    """Raised for JSON that is nested deeper than `MAX_VALUE_NESTING` levels."""


def run_action(action: str, key: str, value: Any) -> Any:
    """Run the line of an action on the user's session.

    Args:
        action: A key of `ACTION_LINES`.
        key: The key of the session value to set, get or delete.
        value: The value to set.

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


def is_valid_key(key: Any) -> bool:
    """Return whether the form accepts a key of the session."""
    return isinstance(key, str) and 0 < len(key) <= MAX_KEY_LENGTH


def parse_value(text: str) -> Any:
    """Return the value of a JSON text, or the text itself if it is not JSON.

    Raises:
        NestedTooDeeply: The JSON is nested deeper than `MAX_VALUE_NESTING` levels.
    """
    try:
        value = json.loads(text, parse_constant=_reject_constant, parse_float=_finite_float)
    except RecursionError:
        raise NestedTooDeeply from None
    except ValueError:
        return text
    if sum(1 for _ in nesting_levels(value)) > MAX_VALUE_NESTING:
        raise NestedTooDeeply
    return value


def _reject_constant(constant: str) -> NoReturn:
    # Python's parser accepts NaN and Infinity, which are not JSON.
    raise ValueError(constant)


def _finite_float(number: str) -> float:
    # Python reads 1e999 as infinity, which JSON cannot store.
    value = float(number)
    if math.isinf(value):
        raise ValueError(number)
    return value

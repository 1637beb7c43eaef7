"""What a visitor can do, and the line of Python that does it, in Flask and in Quart."""

import secrets
from typing import Any

from quart import current_app, session

# `key` and `value` stand for what is in the form.
LINES = {
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
WITH_KEY = ('set', 'get', 'pop', 'del')


def run(do: str, key: str, value: Any) -> Any:
    """Run the line of an action on the visitor's session.

    Returns:
        What the line's expression gives; None where it is no expression.

    Raises:
        KeyError: There is no such key to remove.
    """
    match do:
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

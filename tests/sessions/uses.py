"""Every way in which a view may use a session."""

from collections.abc import Callable
from typing import Any


def _update(session: Any) -> None:
    session |= {'a': 3}


#: By name; each gets a session that contains at least a=1 and b=2.
USES: dict[str, Callable[[Any], object]] = {
    'get': lambda session: session.get('a'),
    'get missing': lambda session: session.get('z'),
    'item': lambda session: session['a'],
    'in': lambda session: 'a' in session,
    'not in': lambda session: 'z' not in session,
    'len': len,
    'bool': bool,
    'iterate': list,
    'reversed': lambda session: list(reversed(session)),
    'keys': lambda session: session.keys(),
    'values': lambda session: session.values(),
    'items': lambda session: session.items(),
    'dict': dict,
    'unpack': lambda session: {**session},
    'copy': lambda session: session.copy(),
    'equal': lambda session: session == {},
    'unequal': lambda session: session != {},
    'or': lambda session: session | {},
    'or from the right': lambda session: {} | session,
    'repr': repr,
    'str': str,
    'permanent': lambda session: session.permanent,
    'set': lambda session: session.__setitem__('a', 2),
    'delete': lambda session: session.__delitem__('a'),
    'setdefault missing': lambda session: session.setdefault('z', 1),
    'setdefault': lambda session: session.setdefault('a', 2),
    'pop': lambda session: session.pop('a'),
    'pop missing': lambda session: session.pop('z', None),
    'popitem': lambda session: session.popitem(),
    'update': lambda session: session.update(a=2),
    'update in place': _update,
    'clear': lambda session: session.clear(),
    'set permanent': lambda session: setattr(session, 'permanent', True),
    'set modified': lambda session: setattr(session, 'modified', True),
}

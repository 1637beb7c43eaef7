"""Reads of the session object itself, also by code written in C that knows it is a dict."""

import copy
import json
import logging
import pickle
from collections import ChainMap, Counter, OrderedDict, UserDict
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import pytest
from jinja2 import Environment
from werkzeug.datastructures import MultiDict

from quart_session_demo.sessions.cookie_session import CookieSession
from quart_session_demo.sessions.server.session import ServerSession
from quart_session_demo.sessions.server.store import StoredSession
from quart_session_demo.sessions.server.stored_json import StoredJSON
from quart_session_demo.sessions.tracking import TrackedSession

CONTENT = {'a': 1, 'b': 2}


def match_keys(session: Any) -> dict[str, Any]:
    match session:
        case {'a': a, 'b': b}:
            return {'a': a, 'b': b}
    return {}


def update_another(session: Any) -> dict[str, Any]:
    other: dict[str, Any] = {}
    dict.update(other, session)
    return other


#: Each returns the content, read in another way.
READS: dict[str, Callable[[Any], Any]] = {
    'dict': dict,
    'unpack': lambda session: {**session},
    'arguments': lambda session: dict(**session),
    'copy': copy.copy,
    'deepcopy': copy.deepcopy,
    'method copy': lambda session: session.copy(),
    'or': lambda session: session | {},
    'or from the right': lambda session: {} | session,
    'update of another dict': update_another,
    'match': match_keys,
    'json': lambda session: json.loads(json.dumps(session)),
    'json with indent': lambda session: json.loads(json.dumps(session, indent=1, sort_keys=True)),
    'json in a list': lambda session: json.loads(json.dumps([session]))[0],
    'ChainMap': lambda session: dict(ChainMap(session)),
    'Counter': lambda session: dict(Counter(session)),
    'OrderedDict': lambda session: dict(OrderedDict(session)),
    'UserDict': lambda session: UserDict(session).data,
    'MappingProxyType': lambda session: dict(MappingProxyType(session)),
    'MultiDict': lambda session: MultiDict(session).to_dict(),
    'sorted': lambda session: {key: session[key] for key in sorted(session)},
    'set': lambda session: {key: session[key] for key in set(session)},
    'fromkeys': lambda session: {key: session[key] for key in dict.fromkeys(session)},
    'format': lambda session: json.loads('{{"a": {a}, "b": {b}}}'.format_map(session)),
    'percent': lambda session: json.loads('{"a": %(a)s, "b": %(b)s}' % session),  # noqa: UP031
    'template': lambda session: json.loads(
        Environment(autoescape=True).from_string('{{ session|tojson }}').render(session=session)
    ),
    'xmlattr': lambda session: {
        name: int(value.strip('"'))
        for name, value in (
            pair.split('=')
            for pair in Environment(autoescape=True)
            .from_string('{{ session|xmlattr }}')
            .render(session=session)
            .split()
        )
    },
}


class OwnSession(CookieSession):
    """A session class of an app, with methods of its own."""

    def __init__(self, initial: Any = None) -> None:
        super().__init__(initial)
        self.by_own_init = True

    def get(self, key: str, default: Any = None) -> Any:
        return super().get(key, default)

    def __getitem__(self, key: str) -> Any:
        return dict.__getitem__(self, key)

    @property
    def cart(self) -> list[str]:
        items: list[str] = self.setdefault('cart', [])
        return items


def cookie_session() -> TrackedSession:
    return CookieSession(CONTENT)


def own_session() -> TrackedSession:
    return OwnSession(CONTENT)


def server_session() -> TrackedSession:
    stored = StoredSession({b'"a"': b'1', b'"b"': b'2'}, 1, 1)
    return ServerSession(StoredJSON(), 'id', stored)


SESSIONS = [cookie_session, own_session, server_session]


@pytest.mark.parametrize('make', SESSIONS)
@pytest.mark.parametrize('name', READS)
def test_read_has_content_and_counts(name: str, make: Callable[[], TrackedSession]) -> None:
    """Each way to read a whole session has its content, counts as a use and changes nothing."""
    session = make()

    assert READS[name](session) == CONTENT

    assert session.accessed
    assert not session.modified
    assert dict(session) == CONTENT


@pytest.mark.parametrize('make', SESSIONS)
def test_copy_is_independent(
    make: Callable[[], TrackedSession], caplog: pytest.LogCaptureFixture
) -> None:
    """A change of a copy does not change the session, and is no late change of it."""
    for copied in (copy.copy, copy.deepcopy):
        session = make()
        session.late_change_log = logging.getLogger('app')
        copied(session)['a'] = 2
        assert session['a'] == 1
        assert not session.modified
    assert not caplog.records


def test_checks_of_the_type_are_no_use() -> None:
    """To look at the type, at `new` and at `modified` does not count as a use."""
    session = CookieSession(CONTENT)

    assert isinstance(session, dict)
    assert not session.new
    assert not session.modified
    template = Environment(autoescape=True).from_string('{{ session is mapping }}')
    assert template.render(session=session) == 'True'

    assert not session.accessed


def test_own_methods_have_content() -> None:
    """Methods of an app's session class read and change the content."""
    session: Any = OwnSession(CONTENT)
    assert session.by_own_init
    assert not session.accessed
    assert session.get('a') == 1
    assert session.accessed

    session = OwnSession(CONTENT)
    assert session['a'] == 1
    assert session.accessed

    session = OwnSession(CONTENT)
    session.cart.append('x')
    assert dict(session) == {**CONTENT, 'cart': ['x']}
    assert session.modified


def test_unused_session_cannot_be_pickled_wrongly() -> None:
    """Pickle fails as for Flask's own session, and writes no placeholder."""
    with pytest.raises((AttributeError, pickle.PicklingError)):
        pickle.dumps(CookieSession(CONTENT))


@pytest.mark.parametrize('key', ['content', 'names', 'user', 'data'])
def test_template_reads_a_key_by_its_name(key: str) -> None:
    """A usual key is no attribute of the session, which a template would read in its place."""
    template = Environment(autoescape=True).from_string(f'{{{{ session.{key} }}}}')

    assert template.render(session=CookieSession({key: 'value'})) == 'value'

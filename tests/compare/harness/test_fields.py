"""How the parts of a response are named in steps files and reports."""

import pytest

from quart_session_demo.compare.harness.fields import Field, matches


@pytest.mark.parametrize(
    ('field', 'name'),
    [
        (Field('status'), 'status'),
        (Field('content-type'), 'content-type'),
        (Field('cookie', 'a'), 'cookie.a'),
        (Field('cookie', 'a', 'path'), 'cookie.a.path'),
        (Field('cookie', 'a', number=2), 'cookie.a#2'),
        (Field('cookie', 'a', 'path', 2), 'cookie.a#2.path'),
        (Field('cookie', 'a.b'), 'cookie.a.b'),
        (Field('cookie', 'a.Path'), 'cookie.a.Path#1'),
        (Field('cookie', 'a.Path', 'path'), 'cookie.a.Path#1.path'),
        (Field('cookie', 'a#2'), 'cookie.a#2#1'),
        (Field('cookie', 'path'), 'cookie.path'),
        (Field('session', 'a.path'), 'session.a.path'),
        (Field('session', 'a#2'), 'session.a#2#1'),
        (Field('session', 'a', number=2), 'session.a#2'),
        (Field('capture', 'token'), 'capture.token'),
    ],
)
def test_field_name_is_unambiguous(field: Field, name: str) -> None:
    """A name is read back as the same field; a number is added only where that needs it."""
    assert str(field) == name
    assert matches(field, [name])


@pytest.mark.parametrize('name', ['', 'Set-Cookie', 'headers.x', 'x y', 'cookie.', '.a', 'é'])
def test_pattern_rejects_unknown_names(name: str) -> None:
    """A name that no field can have is an error, which states the name."""
    with pytest.raises(ValueError, match='is not a field') as caught:
        Field.parse(name)

    assert repr(name) in str(caught.value)


@pytest.mark.parametrize(
    ('field', 'name'),
    [
        (Field('cookie', 'session', 'path'), 'cookie.session'),
        (Field('body'), 'body'),
        (Field('cookie', 'a', number=2), 'cookie.a'),
        (Field('session', 'a', number=2), 'session.a'),
        (Field('cookie', 'a', 'path', 2), 'cookie.a'),
        (Field('cookie', 'prefs.theme', 'path'), 'cookie.prefs.theme'),
        (Field('cookie', 'a.path', 'value'), 'cookie.a.path#1'),
        (Field('session', 'user.name'), 'session'),
        (Field('cookie', 'prefs.theme'), 'cookie'),
    ],
)
def test_matches_covers_parts(field: Field, name: str) -> None:
    """A cookie's name covers its attributes and numbers, and a kind covers all names."""
    assert matches(field, ['etag', name])


@pytest.mark.parametrize(
    ('field', 'names'),
    [
        (Field('cookie', 'sessions'), ['cookie.session']),
        (Field('body'), []),
        (Field('cookie', 'prefs.theme'), ['cookie.prefs']),
        (Field('cookie', 'a.path'), ['cookie.a', 'cookie.a.path']),
        (Field('cookie', 'a#2'), ['cookie.a', 'cookie.a#2']),
        (Field('session', 'user.name'), ['session.user']),
        (Field('session', 'user#2'), ['session.user', 'session.user#2']),
        (Field('x.y'), ['x']),
        (Field('cookie', 'a', 'path', 2), ['cookie.a.path', 'cookie.a#1']),
    ],
)
def test_matches_separates_similar_names(field: Field, names: list[str]) -> None:
    """A name does not cover another name that begins with it."""
    assert not matches(field, names)


@pytest.mark.parametrize(
    ('field', 'name'),
    [
        (Field('cookie', 's', 'max-age'), 'cookie.s.Max-Age'),
        (Field('cookie', 's', 'samesite'), 'Cookie.s.SameSite'),
        (Field('session', 'Key'), 'Session.Key'),
        (Field('session', 'Key'), 'SESSION'),
        (Field('capture', 'x'), 'Capture.x'),
        (Field('content-type'), 'Content-Type'),
    ],
)
def test_matches_ignores_case_of_keywords(field: Field, name: str) -> None:
    """Headers, attributes and the first word can be written in any case."""
    assert matches(field, [name])


@pytest.mark.parametrize(
    ('field', 'name'),
    [
        (Field('cookie', 's', 'max-age'), 'cookie.S.max-age'),
        (Field('session', 'user'), 'session.User'),
    ],
)
def test_matches_respects_case_of_names(field: Field, name: str) -> None:
    """The names of cookies and session keys are case-sensitive."""
    assert not matches(field, [name])

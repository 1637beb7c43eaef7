"""The load generator's cookies: the same as those of a user of parity, at any time."""

import random
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from quart_session_demo.compare.harness.cookies import cookie_header, make_jar, store_cookies
from quart_session_demo.compare.load.generator import cookie_state
from quart_session_demo.compare.load.generator.cookie_state import CookieState

HOST = 'app.localhost'
START = datetime(2030, 1, 1, tzinfo=UTC)
SET_COOKIES = [
    ('a=1',),
    ('a=2; Path=/',),
    ('a=1; Path=/under',),
    ('a=1; Max-Age=2',),
    ('b=1; max-age = 3; Path=/', 'a=3'),
    ('a=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/',),
    ('a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT',),
    ('b=2; Expires=Tue, 01 Jan 2030 00:00:03 GMT; Path=/',),
    ('b=2; Expires=Tue, 01 Jan 2030 00:00:05 GMT', 'c=1; Domain=app.localhost; Secure'),
    ('c=1; Domain=elsewhere.example',),
    ('d=' + 'x' * 5000,),
    (),
]


def in_order(header: str | None) -> list[str]:
    return sorted((header or '').split('; '))


@pytest.mark.parametrize('seed', range(20))
def test_states_are_those_of_a_jar(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """After any responses at any times, users that share states send what a jar of each sends."""
    monkeypatch.setattr(cookie_state, 'REMEMBERED', 5)
    generator = random.Random(seed)  # noqa: S311 - no secret
    first = CookieState()
    users = [(first, make_jar()) for _ in range(4)]
    with time_machine.travel(START, tick=False) as clock:
        for _ in range(150):
            clock.shift(timedelta(seconds=generator.choice([0, 0, 0, 0.01, 0.3, 1])))
            index = generator.randrange(len(users))
            state, jar = users[index]
            path, headers = generator.choice(['/', '/under/']), generator.choice(SET_COOKIES)
            state = state.after(HOST, path, headers)
            store_cookies(jar, HOST, path, [('set-cookie', value) for value in headers])
            users[index] = state, jar
            if generator.random() < 0.1:
                users[index] = first, make_jar()
            for state, jar in users:
                for asked in ('/', '/under/page'):
                    sent = state.header(HOST, asked), cookie_header(jar, HOST, asked)
                    # A jar remembers the order of domains whose cookies were deleted.
                    assert in_order(sent[0]) == in_order(sent[1])


def test_same_cookies_are_the_same_state() -> None:
    """A response that changes nothing leads to the same state, and equal responses too."""
    first = CookieState()
    state = first.after(HOST, '/', ('a=1',))

    assert state is not first
    assert first.after(HOST, '/', ('a=1',)) is state
    assert state.after(HOST, '/', ('a=1',)) is state
    assert first.header(HOST, '/') is None

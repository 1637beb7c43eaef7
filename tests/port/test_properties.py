"""What is true for the port of any module."""

import io
import tokenize
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from quart_session_demo.port.port import check_sources, port_sources
from quart_session_demo.port.sources import Sources
from tests.port.generated import modules

PATH = Path('app.py')
#: What a port may fix; the rest is left to a person.
FIXED = {'flask-import', 'missing-async', 'missing-await'}


def sources(source: str) -> Sources:
    return Sources({PATH: source.encode()}, {PATH: 'app'})


def port(source: str, all_handlers: bool) -> str:
    ported = port_sources(sources(source), all_handlers=all_handlers)
    assert not ported.errors
    return ported.sources.get(PATH, source.encode()).decode()


def tokens(source: str, kind: int) -> Counter[str]:
    generated = tokenize.generate_tokens(io.StringIO(source).readline)
    # Before Python 3.12, a formatted string is one token, with the code in it.
    return Counter(
        token.string
        for token in generated
        if token.type == kind and not token.string.startswith('f')
    )


def is_valid(source: str) -> bool:
    try:
        compile(source, 'app.py', 'exec', dont_inherit=True)
    except SyntaxError:
        return False
    return True


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(source=modules(), all_handlers=st.booleans())
def test_ported_module_is_valid_and_complete(source: str, all_handlers: bool) -> None:
    """It can be compiled, has all comments and strings, and a second run changes nothing."""
    assume(is_valid(source))

    ported = port(source, all_handlers)

    assert is_valid(ported), ported
    assert tokens(ported, tokenize.COMMENT) == tokens(source, tokenize.COMMENT)
    assert tokens(ported, tokenize.STRING) == tokens(source, tokenize.STRING)
    assert port(ported, all_handlers) == ported
    assert not FIXED & {item.id for item in check_sources(sources(ported)).findings}


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(source=modules())
def test_module_without_flask_is_not_changed(source: str) -> None:
    """A module that has nothing to do with Flask stays as it is, byte by byte."""
    for name in ('flask', 'request', 'session', 'render_template', 'respond', 'Flask', 'req'):
        source = source.replace(name, f'own_{name.lower()}')

    assert port(source.replace('own_', 'other'), False) == source.replace('own_', 'other')

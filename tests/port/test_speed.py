"""A large app is ported quickly."""

import time
from pathlib import Path

from quart_session_demo.port.port import port_sources
from quart_session_demo.port.sources import Sources, parse, read_sources
from tests.conftest import ROOT

APP = ROOT / 'tests/apps/journal'


def copies(count: int) -> Sources:
    """Return an app with this many packages like the one of the guide, without its tests."""
    app = read_sources([APP / 'journal'])
    python = {}
    names = {}
    for number in range(count):
        for path, source in app.python.items():
            copy = Path(str(number), path.relative_to(APP))
            python[copy] = source.replace(b'journal', b'journal%d' % number)
            names[copy] = app.names[path].replace('journal', f'journal{number}')
    return Sources(python, names)


def processor_time(sources: Sources, *, port: bool) -> float:
    begin = time.process_time()
    if port:
        port_sources(sources, all_handlers=False)
    else:
        parse(sources)
    return time.process_time() - begin


def test_port_does_not_repeat_passes() -> None:
    """The port and its check take less than six times what LibCST takes to parse the files once."""
    sources = copies(2)

    assert processor_time(sources, port=True) < 6 * processor_time(sources, port=False)


def test_time_is_proportional_to_the_size() -> None:
    """Four times as much source takes less than eight times as long."""
    once, four = copies(1), copies(4)

    assert processor_time(four, port=True) < 8 * processor_time(once, port=True)

"""The servers that `compare load` measures."""

import json
import re
import subprocess
import sys
from itertools import pairwise

from quart_session_demo import create_app
from quart_session_demo.compare.load.targets import QUART, Pair, lesson_environment, targets
from quart_session_demo.serve import server, settings
from tests.compare.conftest import APPS
from tests.conftest import ROOT


def test_quart_is_served_as_in_the_procfile() -> None:
    """Hypercorn has the options of the starter, and the environment of the Procfile."""
    procfile = (ROOT / 'Procfile').read_text('utf-8')
    [(name, value)] = re.findall(r'web: .*env (\w+)=(\w+) python -m quart_session_demo', procfile)
    quart = targets(Pair(), 8)[-1].server

    assert quart.name == QUART
    assert quart.environment[name] == value
    assert dict(pairwise(quart.command)).items() >= {
        ('--graceful-timeout', f'{settings.DEFAULT_GRACEFUL_TIMEOUT:g}'),
        ('--keep-alive', str(server.KEEP_ALIVE_SECONDS)),
        ('--backlog', str(server.BACKLOG)),
        ('--worker-class', 'uvloop'),
    }


def test_flask_loads_no_quart_and_has_its_settings() -> None:
    """The Flask process does not load Quart, and has the same session settings."""
    environment = lesson_environment()
    config = create_app({'PRODUCTION': True, 'SECRET_KEY': environment['QUART_SECRET_KEY']}).config

    result = subprocess.run(
        [sys.executable, APPS / 'print_flask_settings.py'],
        env={'PYTHONPATH': str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=True,
    )

    loads_quart, flask = json.loads(result.stdout)
    assert not loads_quart
    names = [name for name in flask if name == 'SECRET_KEY' or 'SESSION' in name]
    assert len(names) >= 10
    assert flask == flask | json.loads(
        json.dumps({name: config[name] for name in names}, default=str)
    )


def test_threads_match_the_users() -> None:
    """Flask runs with 8 threads, and with one thread for each user, without duplicates."""
    assert [item.concurrency for item in targets(Pair(), 256)] == [1, 8, 256, None, None]
    assert [item.concurrency for item in targets(Pair(), 1)] == [1, 1, 8, None, None]
    assert [item.concurrency for item in targets(Pair(), 8)] == [1, 8, None, None]

"""Whether two apps are found to read each other's sessions."""

from pathlib import Path

import pytest

from quart_session_demo.compare.harness.servers import ServerCommand
from quart_session_demo.compare.parity.shared_key import share_key

APP = """
import atexit, flask
print('hello')
atexit.register(print, 'bye')
app = flask.Flask('app')
app.config.update({})
"""


@pytest.mark.parametrize(
    ('one', 'other', 'shared'),
    [
        ("SECRET_KEY='a'", "SECRET_KEY='a'", True),
        ("SECRET_KEY='a'", "SECRET_KEY='b'", False),
        ("SECRET_KEY='a', SECRET_KEY_FALLBACKS=['b']", "SECRET_KEY='b'", False),
        (
            "SECRET_KEY='a', SECRET_KEY_FALLBACKS=['b']",
            "SECRET_KEY='b', SECRET_KEY_FALLBACKS=['a']",
            True,
        ),
        ("SECRET_KEY='a'", 'SECRET_KEY=None', None),
        ("SECRET_KEY='a'", 'SECRET_KEY=no_such_name', None),
    ],
)
def test_share_key_asks_both_apps(
    tmp_path: Path, one: str, other: str, shared: bool | None
) -> None:
    asked = []
    for name, config in (('one', one), ('other', other)):
        (tmp_path / f'{name}.py').write_text(APP.format(config), 'utf-8')
        asked.append((f'{name}:app', ServerCommand(name, (), {'PYTHONPATH': str(tmp_path)})))

    assert share_key(*asked) is shared


def test_share_key_does_not_wait_for_the_threads_of_an_app(tmp_path: Path) -> None:
    code = APP.format("SECRET_KEY='a'")
    code += 'import threading\nthreading.Thread(target=threading.Event().wait).start()\n'
    (tmp_path / 'threaded.py').write_text(code, 'utf-8')
    asked = 'threaded:app', ServerCommand('threaded', (), {'PYTHONPATH': str(tmp_path)})

    assert share_key(asked) is True

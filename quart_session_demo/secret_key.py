"""One secret key for every worker and every restart, when none is configured.

The lesson's `os.urandom(24)` at import gives each worker a key of its own and logs everyone out
at each restart. Here the first server to start keeps a key in Quart's instance folder.
"""

import os
import re
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from quart import Quart

from quart_session_demo.config import ConfigError
from quart_session_demo.config.validation import KEY_COMMAND

KEY_BYTES = 32
REMEDY = f'Set QUART_SECRET_KEY to choose your own; {KEY_COMMAND} prints a good one.'


def key_file(app: Quart) -> Path:
    """Return where the key is kept; the file need not exist."""
    return Path(app.instance_path) / 'secret_key'


def stands_in(app: Quart) -> bool:
    """Tell whether the app's key comes from here, because none was configured."""
    return 'secret_key_stands_in' in app.extensions


def provide(app: Quart) -> None:
    """Give an app without a configured key one of its own; write nothing before it serves.

    Raises:
        ConfigError: The key file exists, but holds no key.
    """
    if app.secret_key:
        return
    app.extensions['secret_key_stands_in'] = True
    # Until it serves, and where the file cannot be used, a key in memory.
    app.secret_key = secrets.token_hex(KEY_BYTES)
    if not app.testing:
        with suppress(OSError):
            app.secret_key = _read(key_file(app))
    provided = app.secret_key

    @app.before_serving
    async def share() -> None:
        if app.testing or app.secret_key != provided:
            return
        path = key_file(app)
        try:
            if _make(path):
                app.logger.warning(
                    'No secret key is configured: made one in %s, which all workers and later '
                    'starts share. %s',
                    path,
                    REMEDY,
                )
            app.secret_key = _read(path)
        except (ConfigError, OSError) as error:
            app.logger.error(
                'NO SECRET KEY is configured and %s cannot be used (%s): the key is in memory, '
                'other workers have others, and a restart ends every session. %s',
                path,
                getattr(error, 'strerror', error),
                REMEDY,
            )


def _read(path: Path) -> str:
    key = path.read_bytes().strip()
    # A crash may leave zeros in the place of what was written.
    if len(key) < KEY_BYTES or not re.fullmatch(rb'[!-~]+', key):
        raise ConfigError(f'{path} holds no key: delete it, or set QUART_SECRET_KEY')
    return key.decode()


def _make(path: Path) -> bool:
    """Make the file in one step, so that of many that start at once one wins; tell whether we did.

    Raises:
        OSError: The folder cannot be written.
    """
    if path.exists():
        return False
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # mkstemp makes the file with mode 0600.
    handle, aside = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, 'w') as file:
            file.write(secrets.token_hex(KEY_BYTES) + '\n')
        path.hardlink_to(aside)
    except FileExistsError:
        return False
    else:
        return True
    finally:
        Path(aside).unlink()

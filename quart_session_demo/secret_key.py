"""A secret key that all workers and restarts share when none is configured.

The lesson calls `os.urandom(24)` at import: each worker has a different key, and each restart makes
all session cookies invalid. Here the first server that starts writes a key to Quart's instance
folder.
"""

import os
import re
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from quart import Quart

from quart_session_demo.config import ConfigError
from quart_session_demo.config.validation import KEY_COMMAND, MIN_KEY_BYTES

_EXTENSION = 'quart_session_demo.generated_key'
_REMEDY = f'Set QUART_SECRET_KEY to choose your own; {KEY_COMMAND} prints a good one.'


def key_file(app: Quart) -> Path:
    """Return the path of the key file, which may not exist."""
    return Path(app.instance_path) / 'secret_key'


def is_generated(app: Quart) -> bool:
    """Return whether `ensure_secret_key` chose the app's key, because none was configured."""
    return _EXTENSION in app.extensions


def ensure_secret_key(app: Quart) -> None:
    """Set a secret key if none is configured: the one in the key file, or a new one in memory.

    When the app starts serving, it writes the key file if that is missing, and uses the key in it.
    Before that, and in tests (`TESTING`), nothing is written.

    Raises:
        ConfigError: The key file exists, but contains no key.
    """
    if app.secret_key:
        return
    app.extensions[_EXTENSION] = True
    app.secret_key = secrets.token_hex(MIN_KEY_BYTES)
    if not app.testing:
        with suppress(OSError):
            app.secret_key = _read_key_file(key_file(app))
    generated = app.secret_key

    @app.before_serving
    async def share_key() -> None:
        # Code that ran after `create_app` may have set `TESTING` or a key.
        if app.testing or app.secret_key != generated:
            return
        path = key_file(app)
        try:
            if _create_key_file(path):
                app.logger.warning(
                    'No secret key is configured: wrote one to %s, which all workers and later '
                    'starts share. %s',
                    path,
                    _REMEDY,
                )
            app.secret_key = _read_key_file(path)
        except (ConfigError, OSError) as error:
            app.logger.error(
                'No secret key is configured, and %s cannot be used (%s). The key is in memory: '
                'other workers have other keys, and a restart deletes every session. %s',
                path,
                getattr(error, 'strerror', error),
                _REMEDY,
            )


def _read_key_file(path: Path) -> str:
    key = path.read_bytes().strip()
    # After a crash of the machine, the file may contain zeros instead of the key.
    if len(key) < MIN_KEY_BYTES or not re.fullmatch(rb'[!-~]+', key):
        raise ConfigError(f'{path} contains no key: delete it, or set QUART_SECRET_KEY')
    return key.decode()


def _create_key_file(path: Path) -> bool:
    """Create the key file in one step and return True, or return False if it exists.

    If several processes start at once, one of them creates the file, and all read the same key.

    Raises:
        OSError: The folder is not writable.
    """
    if path.exists():
        return False
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # mkstemp creates the file with mode 0600.
    handle, temporary = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, 'w') as file:
            file.write(secrets.token_hex(MIN_KEY_BYTES) + '\n')
        path.hardlink_to(temporary)
    except FileExistsError:
        return False
    else:
        return True
    finally:
        Path(temporary).unlink()

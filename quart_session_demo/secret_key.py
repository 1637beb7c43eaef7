"""One secret key for every worker and every restart, when none is configured.

The lesson's `os.urandom(24)` at import gives each worker a key of its own and logs everyone out
at each restart. Here the first server to start keeps a key in Quart's instance folder.
"""

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from quart import Quart

from quart_session_demo.config import ConfigError

KEY_BYTES = 32
REMEDY = (
    'Set QUART_SECRET_KEY to choose it: '
    "python -c 'import secrets; print(secrets.token_hex(32))' prints a good one."
)


def key_file(app: Quart) -> Path:
    """Return where the key is kept; the file need not exist."""
    return Path(app.instance_path) / 'secret_key'


def provide(app: Quart) -> None:
    """Give an app without a configured key one of its own; write nothing before it serves.

    Raises:
        ConfigError: The key file exists, but holds no key.
    """
    if app.secret_key:
        return
    app.secret_key = _read(key_file(app)) or secrets.token_hex(KEY_BYTES)

    @app.before_serving
    async def share() -> None:
        if app.testing:
            return
        path = key_file(app)
        try:
            app.secret_key = _read_or_make(path)
        except OSError as error:
            app.logger.error(
                'NO SECRET KEY is configured and %s cannot be written (%s): the key is in memory, '
                'other workers have another, and a restart ends every session. %s',
                path,
                error.strerror,
                REMEDY,
            )
        else:
            app.logger.warning(
                'No secret key is configured: sessions are signed with the one in %s. %s',
                path,
                REMEDY,
            )


def _read(path: Path) -> str | None:
    try:
        key = path.read_text('ascii').strip()
    except (OSError, UnicodeDecodeError):
        return None
    if len(key) < KEY_BYTES:
        raise ConfigError(f'{path} holds no key: delete it, or set QUART_SECRET_KEY')
    return key


def _read_or_make(path: Path) -> str:
    """Read the key, or make the file in one step, so that of many starting at once one wins."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        # mkstemp makes the file with mode 0600.
        handle, aside = tempfile.mkstemp(dir=path.parent)
        try:
            with os.fdopen(handle, 'w') as file:
                file.write(secrets.token_hex(KEY_BYTES) + '\n')
            with suppress(FileExistsError):
                path.hardlink_to(aside)
        finally:
            Path(aside).unlink()
    return path.read_text('ascii').strip()

"""Start a PostgreSQL of the installed programs, with files in a temporary folder (POSIX)."""

import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO

#: PostgreSQL refuses to run as root, and runs as the first of these users instead. Debian's package
#: creates the first.
USERS = (
    'postgres',
    'nobody',
)


class PostgresError(Exception):
    """PostgreSQL cannot be started. The message is one line."""


def find_program(name: str) -> str | None:
    """Return the path of a program, also in the folders that Debian leaves out of PATH."""
    # The newest version first.
    folders = sorted(
        Path('/usr/lib/postgresql').glob('*/bin'),
        key=lambda folder: (len(folder.parent.name), folder.parent.name),
        reverse=True,
    )
    path = os.pathsep.join([os.environ.get('PATH', ''), '/usr/sbin', *map(str, folders)])
    return shutil.which(name, path=path)


def make_folder() -> Path:
    """Return a new temporary folder, which belongs to the user that PostgreSQL runs as."""
    folder = Path(tempfile.mkdtemp(prefix='postgres-'))
    if user := _user():
        shutil.chown(folder, user)
    return folder


def start_program(
    name: str, *arguments: str, output: int | IO[bytes] = subprocess.DEVNULL
) -> subprocess.Popen[bytes]:
    """Start one of PostgreSQL's programs as a user that it accepts, in a process group of its own.

    Args:
        name: The program.
        arguments: Its arguments.
        output: Where its standard output and error go.

    Raises:
        PostgresError: The program is not installed.
    """
    program = find_program(name)
    if program is None:
        raise PostgresError(f'there is no program {name}: install PostgreSQL')
    user = _user()
    return subprocess.Popen(  # noqa: S603 - a program of PostgreSQL
        (program, *arguments),
        cwd='/',
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        # After Ctrl-C it is stopped by this process, and later than its clients.
        start_new_session=True,
        user=user,
        group=pwd.getpwnam(user).pw_gid if user else None,
        extra_groups=() if user else None,
    )


def init_files(
    folder: Path, *options: str, output: int | IO[bytes] = subprocess.DEVNULL
) -> subprocess.Popen[bytes]:
    """Start `initdb`, which makes the files of an empty server.

    Args:
        folder: A folder of `make_folder`; the files are in its folder `data`.
        options: Further options.
        output: Where its standard output and error go.
    """
    # The locale of the shell may not exist on the machine.
    files = ('-D', str(folder / 'data'), '-E', 'UTF8', '--no-locale', '--no-sync')
    return start_program('initdb', *files, '-U', USERS[0], *options, output=output)


def start_server(
    folder: Path, port: int, *settings: str, output: int | IO[bytes] = subprocess.DEVNULL
) -> subprocess.Popen[bytes]:
    """Start the server, which listens on 127.0.0.1 and has no other socket.

    A crash of the server loses nothing without fsync, only a crash of the machine does.

    Args:
        folder: A folder that `init_files` has filled.
        port: The port.
        settings: Further settings, `name=value`.
        output: Where its standard output and error go.
    """
    always = ('listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off')
    options = [option for setting in (*always, *settings) for option in ('-c', setting)]
    data = str(folder / 'data')
    return start_program('postgres', '-D', data, '-p', str(port), *options, output=output)


def _user() -> str | None:
    """Return the user that PostgreSQL runs as; None for the user of this process."""
    if os.getuid() != 0:
        return None
    for user in USERS:
        with suppress(KeyError):
            return pwd.getpwnam(user).pw_name
    raise PostgresError('PostgreSQL does not run as root: start this command as another user')

"""Check whether two apps can read each other's sessions.

Each app is imported in a separate process, as its server imports it, and signs the same text with
each of its keys: `python -m quart_session_demo.compare.parity.shared_key module:app`.
"""

import os
import subprocess
import sys
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import Any

from gunicorn.util import import_app
from itsdangerous import Signer
from itsdangerous.encoding import base64_encode

from quart_session_demo.compare.harness.servers import START_SECONDS, Server, ServerCommand

#: The command line of this module; the app is added to it.
COMMAND = (sys.executable, '-m', 'quart_session_demo.compare.parity.shared_key')
#: The first word of the line with the signatures. The app may print other lines.
PREFIX = 'signatures:'
#: The text that each app signs.
SIGNED_TEXT = b'the same text for both apps'


def sign(app: Any) -> list[str]:
    """Return an app's signatures with each of its keys, the current key last.

    The list is empty if the app's sessions are not signed.
    """
    interface = app.session_interface
    if not hasattr(interface, 'get_signing_serializer'):
        return []
    serializer = interface.get_signing_serializer(app)
    if serializer is None:
        return []
    signer: Signer = serializer.make_signer(serializer.salt)
    return [
        base64_encode(signer.algorithm.get_signature(signer.derive_key(key), SIGNED_TEXT)).decode()
        for key in signer.secret_keys
    ]


def share_key(*apps: tuple[str, ServerCommand]) -> bool | None:
    """Return whether each app can read what the others sign with their current key.

    Args:
        apps: Each app as `module:app`, with the command of its server, of which the name and the
            environment are used.

    Returns:
        None if an app cannot be imported or its sessions are not signed.
    """
    with ExitStack() as stack:
        processes = [
            stack.enter_context(Server(replace(server, command=(*COMMAND, app))))
            for app, server in apps
        ]
        signatures = [_signatures(process) for process in processes]
    if not all(signatures):
        return None
    return all(current in known for *_, current in signatures for known in signatures)


def _signatures(process: Server) -> list[str]:
    with suppress(subprocess.TimeoutExpired):
        process.process.wait(START_SECONDS)
    lines = [line for line in process.log.tail().splitlines() if line.startswith(PREFIX)]
    return lines[-1].removeprefix(PREFIX).split() if lines else []


if __name__ == '__main__':
    try:
        print(PREFIX, *sign(import_app(sys.argv[1])), flush=True)
    finally:
        # A thread of the app would keep the process alive.
        os._exit(0)

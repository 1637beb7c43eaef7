"""Whether two apps read each other's sessions: with the same salt and digest, by the keys of each.

Each app is imported in a process of its own, as its server does it, and signs the same words:
`python -m quart_session_demo.compare.parity.shared_key module:app`.
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

COMMAND = (sys.executable, '-m', 'quart_session_demo.compare.parity.shared_key')
MARK = 'signatures:'
WORDS = b'Do we share a key?'


def sign(app: Any) -> list[str]:
    """Return an app's signature with each of its keys, the current one last.

    There is none when its sessions are not signed.
    """
    interface = app.session_interface
    if not hasattr(interface, 'get_signing_serializer'):
        return []
    serializer = interface.get_signing_serializer(app)
    if serializer is None:
        return []
    signer: Signer = serializer.make_signer(serializer.salt)
    return [
        base64_encode(signer.algorithm.get_signature(signer.derive_key(key), WORDS)).decode()
        for key in signer.secret_keys
    ]


def share_key(*apps: tuple[str, ServerCommand]) -> bool | None:
    """Tell whether each app, with its contender, reads what the others sign now.

    None when one cannot be asked.
    """
    with ExitStack() as stack:
        processes = [
            stack.enter_context(Server(replace(contender, command=(*COMMAND, app))))
            for app, contender in apps
        ]
        signatures = [_signatures(process) for process in processes]
    if not all(signatures):
        return None
    return all(now in known for *_, now in signatures for known in signatures)


def _signatures(process: Server) -> list[str]:
    with suppress(subprocess.TimeoutExpired):
        process.process.wait(START_SECONDS)
    # The app itself may print something before and after.
    lines = [line for line in process.log_tail().splitlines() if line.startswith(MARK)]
    return lines[-1].removeprefix(MARK).split() if lines else []


if __name__ == '__main__':
    try:
        print(MARK, *sign(import_app(sys.argv[1])), flush=True)
    finally:
        # A thread that the app started would keep the process.
        os._exit(0)

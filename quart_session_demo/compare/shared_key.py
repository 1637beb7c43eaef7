"""Whether two apps sign their sessions alike: with the same key, salt and digest.

Each app is imported in a process of its own, as its server does it, and signs the same words:
`python -m quart_session_demo.compare.shared_key module:app`.
"""

import subprocess
import sys
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import Any

from gunicorn.util import import_app
from itsdangerous import Signer

from quart_session_demo.compare.servers import START_SECONDS, Contender, Server

COMMAND = (sys.executable, '-m', 'quart_session_demo.compare.shared_key')
MARK = 'signature:'


def sign(app: Any) -> str:
    """Return an app's signature, or nothing when its sessions are not signed."""
    interface = app.session_interface
    if not hasattr(interface, 'get_signing_serializer'):
        return ''
    serializer = interface.get_signing_serializer(app)
    if serializer is None:
        return ''
    signer: Signer = serializer.make_signer(serializer.salt)
    return signer.get_signature(b'Do we share a key?').decode()


def share_key(*apps: tuple[str, Contender]) -> bool | None:
    """Tell whether apps, each with its contender, sign alike; None when one cannot be asked."""
    with ExitStack() as stack:
        processes = [
            stack.enter_context(Server(replace(contender, command=(*COMMAND, app))))
            for app, contender in apps
        ]
        signatures = [_signature(process) for process in processes]
    return len(set(signatures)) == 1 if all(signatures) else None


def _signature(process: Server) -> str:
    with suppress(subprocess.TimeoutExpired):
        process.process.wait(START_SECONDS)
    # What the app itself prints comes before.
    _, mark, signature = process.log_tail().rpartition(MARK)
    return signature.strip() if mark else ''


if __name__ == '__main__':
    print(MARK + sign(import_app(sys.argv[1])))

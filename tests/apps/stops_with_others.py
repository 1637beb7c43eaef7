"""A server that stops when others were signaled too: `PORT FOLDER COUNT`.

After SIGTERM it makes a file, waits until there are COUNT of them, and ends with another file.
"""

import signal
import sys
import threading
import time
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path

port, folder, count = int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
server = HTTPServer(('127.0.0.1', port), SimpleHTTPRequestHandler)


def stop() -> None:
    (folder / f'signaled-{port}').touch()
    while len([*folder.glob('signaled-*')]) < count:
        time.sleep(0.01)
    (folder / f'ended-{port}').touch()
    server.shutdown()


signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=stop).start())
server.serve_forever()

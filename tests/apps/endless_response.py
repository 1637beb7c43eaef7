"""A server whose response at /stream never ends; its argument is the port."""

import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    """Respond without a body, or without an end."""

    def do_GET(self) -> None:
        """Send the headers and, at /stream, a part of the body every 0.1 s."""
        self.send_response(200)
        self.end_headers()
        while self.path == '/stream':
            self.wfile.write(b'more')
            time.sleep(0.1)


ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Handler).serve_forever()

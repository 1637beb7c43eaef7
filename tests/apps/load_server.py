"""A server with one special behavior, for the load tests: `python load_server.py PORT BEHAVIOR`."""

import gzip
import os
import secrets
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def send(self, body: bytes, **headers: str) -> None:
        self.send_response(200)
        self.send_header('Content-Length', str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace('_', '-'), value)
        self.end_headers()
        self.wfile.write(body)


class Ok(Handler):
    """Answers `ok`."""

    def do_GET(self) -> None:
        self.send(b'ok')


class Dying(Handler):
    """Answers two requests and exits during the third."""

    requests = 0
    lock = threading.Lock()

    def do_GET(self) -> None:
        # The threads of other requests wait until the process has exited.
        with self.lock:
            Dying.requests += 1
            if Dying.requests == 3:
                print('out of memory', flush=True)
                os._exit(7)
        self.send(b'ok')


class Echo(Handler):
    """Answers with some headers and the body of the request, and sets a Secure cookie."""

    def do_GET(self) -> None:
        content = self.rfile.read(int(self.headers.get('Content-Length', 0)))
        names = ('Host', 'Content-Type', 'X-Own', 'Cookie', 'Accept')
        sent = [', '.join(self.headers.get_all(name, [])) for name in names]
        self.send(' | '.join(sent).encode('latin-1') + content, Set_Cookie='a=b; Secure')

    do_POST = do_GET


class Latin1(Handler):
    """Answers in ISO-8859-1."""

    def do_GET(self) -> None:
        body = 'drink: café'.encode('latin-1')
        self.send(body, Content_Type='text/plain; charset=ISO-8859-1')


class Domain(Handler):
    """Answers with the cookies of the request, and sets two, one with a Domain."""

    def do_GET(self) -> None:
        self.send(
            self.headers.get('Cookie', '').encode(),
            Set_Cookie='a=b; Domain=app.localhost',
            SET_COOKIE='c=d',
        )


class Token(Handler):
    """Answers with a token that is another one each time."""

    def do_GET(self) -> None:
        self.send(f'token={secrets.token_hex(8)}, 1 item'.encode())


class Raw(Handler):
    """Answers with the request line, the headers in order of their names, and the body."""

    def do_GET(self) -> None:
        content = self.rfile.read(int(self.headers.get('Content-Length', 0)))
        lines = [self.requestline, *sorted(f'{n.title()}: {v}' for n, v in self.headers.items())]
        self.send('\n'.join(lines).encode('latin-1') + content)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_GET


class Gzip(Handler):
    """Answers with a compressed body; at `/bad` it is not compressed."""

    def do_GET(self) -> None:
        body = b'bad' if self.path == '/bad' else gzip.compress(b'compressed')
        self.send(body, Content_Encoding='gzip')


if __name__ == '__main__':
    port, behavior = sys.argv[1:]
    behaviors = (Ok, Dying, Echo, Latin1, Domain, Token, Raw, Gzip)
    handlers = {handler.__name__: handler for handler in behaviors}
    ThreadingHTTPServer(('127.0.0.1', int(port)), handlers[behavior]).serve_forever()

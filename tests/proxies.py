"""A real nginx or HAProxy with TLS in front of an app, with the configuration of the documentation.

Both run as processes in the foreground, with all their files in one folder.
"""

import asyncio
import socket
import ssl
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Self

import httpx
from wsproto import ConnectionType, WSConnection
from wsproto.events import CloseConnection, RejectConnection, Request, TextMessage

from quart_session_demo.compare.harness.postgres import find_program
from tests.processes import wait_until
from tests.sockets import HAS_IPV6, free_ports

_DOCUMENTATION = Path(__file__).parent.parent / 'docs/deployment'
#: The configurations that docs/deployment.md shows.
CONFIGURATIONS = {
    'nginx': _DOCUMENTATION / 'nginx.conf',
    'haproxy': _DOCUMENTATION / 'haproxy.cfg',
}
# What nginx needs around a site: it writes no file outside of the folder.
_NGINX = """\
daemon off;
# One process, which SIGKILL ends too.
master_process off;
pid {folder}/nginx.pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {site}
}}
"""


class Proxy:
    """A proxy that sends requests to an app; `with` starts and stops it.

    Attributes:
        url: Its address with TLS.
        http_url: Its address without TLS.
        port: The port with TLS, on all IPv4 and IPv6 addresses.
        http_port: The port without TLS.
        certificate: The file with its self-signed certificate, and the key.
    """

    def __init__(
        self,
        program: str,
        folder: Path,
        certificate: Path,
        app: str,
        replacements: dict[str, str] | None = None,
    ) -> None:
        """Write the configuration.

        Args:
            program: `nginx` or `haproxy`.
            folder: An empty folder.
            certificate: A file with a certificate for 127.0.0.1 and its key.
            app: The app's address, such as `127.0.0.1:8000`.
            replacements: What to change in the configuration of the documentation.
        """
        self.program = program
        self.certificate = certificate
        self.port, self.http_port = free_ports(2)
        self.url = f'https://127.0.0.1:{self.port}'
        self.http_url = f'http://127.0.0.1:{self.http_port}'
        self._folder = folder
        text = CONFIGURATIONS[program].read_text('utf-8')
        for old, new in {**(replacements or {}), **self._addresses(app)}.items():
            assert old in text, old
            text = text.replace(old, new)
        if program == 'nginx':
            text = _NGINX.format(folder=folder, site=text)
        file = folder / CONFIGURATIONS[program].name
        file.write_text(text)
        self._command = {
            'nginx': (_path('nginx'), '-p', str(folder), '-e', 'stderr', '-c', str(file)),
            'haproxy': (_path('haproxy'), '-db', '-f', str(file)),
        }[program]
        self._process: subprocess.Popen[bytes] | None = None

    def _addresses(self, app: str) -> dict[str, str]:
        # Without IPv6 on this machine the address fails.
        ipv6 = '::' if HAS_IPV6 else ''
        if self.program == 'haproxy':
            return {
                ':::80 ': f'{ipv6}:{self.http_port} ',
                ':::443 ': f'{ipv6}:{self.port} ',
                '/etc/haproxy/example.com.pem': str(self.certificate),
                'server app 127.0.0.1:8000': f'server app {app}',
            }
        return {
            'listen 80;': f'listen {self.http_port};',
            'listen 443 ': f'listen {self.port} ',
            'listen [::]:80;': f'listen [::]:{self.http_port};' if HAS_IPV6 else '',
            'listen [::]:443 ssl http2;': (
                f'listen [::]:{self.port} ssl http2;' if HAS_IPV6 else ''
            ),
            '/etc/letsencrypt/live/example.com/fullchain.pem': str(self.certificate),
            '/etc/letsencrypt/live/example.com/privkey.pem': str(self.certificate),
            # Where certbot writes.
            '/var/www/html': str(self._folder),
            'server 127.0.0.1:8000': f'server {app}',
        }

    def client(self) -> httpx.Client:
        """Return a client of the address with TLS, which trusts the certificate."""
        return httpx.Client(base_url=self.url, verify=self.tls_context(), trust_env=False)

    def tls_context(self) -> ssl.SSLContext:
        """Return a context for clients, which trusts the certificate."""
        return ssl.create_default_context(cafile=self.certificate)

    async def open_websocket(
        self, target: str, client: str, headers: dict[str, str], host: str | None = None
    ) -> str | int:
        """Open a websocket with TLS.

        Args:
            target: The path.
            client: The client's address on this machine.
            headers: More headers.
            host: The `Host`; the proxy's own by default.

        Returns:
            The first message, or the status of the rejection.
        """
        reader, writer = await asyncio.open_connection(
            '127.0.0.1', self.port, ssl=self.tls_context(), local_addr=(client, 0)
        )
        protocol = WSConnection(ConnectionType.CLIENT)
        extra = [(name.encode(), value.encode()) for name, value in headers.items()]
        request = Request(host or f'127.0.0.1:{self.port}', target, extra_headers=extra)
        writer.write(protocol.send(request))
        try:
            while True:
                for event in protocol.events():
                    if isinstance(event, TextMessage):
                        writer.write(protocol.send(CloseConnection(code=1000)))
                        return event.data
                    if isinstance(event, RejectConnection):
                        return event.status_code
                protocol.receive_data(await reader.read(65536))
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    @property
    def log(self) -> str:
        """What the proxy has written to its standard output and error."""
        return (self._folder / 'log').read_text('utf-8', 'replace')

    def __enter__(self) -> Self:
        with (self._folder / 'log').open('wb') as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=subprocess.STDOUT)
        wait_until(self._accepts_connections)
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()

    def _accepts_connections(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log
        with suppress(OSError), socket.create_connection(('127.0.0.1', self.port)):
            return True
        return False


def _path(program: str) -> str:
    path = find_program(program)
    assert path is not None
    return path

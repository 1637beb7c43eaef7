"""An app whose handlers block the event loop, each in another way.

A comment `blocks: ROUTE` marks each line that blocks for that route. Routes below `/fine` do not
block for as long as the limit.
"""

import asyncio
import hashlib
import json
import os
import re
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time
import urllib.request
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import aiosqlite
import httpx
from quart import Quart, Response, render_template, render_template_string, request, websocket
from quart.utils import run_sync
from quart.views import MethodView
from werkzeug.security import generate_password_hash

#: How long each line blocks. Lines that compute take about as long.
SECONDS = 0.3
SLOW_QUERY = (
    'WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers '
    'WHERE n < 500000) SELECT count(*) FROM numbers'
)
#: A server that responds after `SECONDS`, and its address.
listener = socket.create_server(('127.0.0.1', 0))
ADDRESS = listener.getsockname()
URL = f'http://127.0.0.1:{ADDRESS[1]}/'
NUMBERS = list(range(2_000_000))

app = Quart(__name__)
app.secret_key = 'a key'
# The first template takes almost as long as the limit.
app.jinja_env.from_string('').render()
lock = threading.Lock()


def respond(connection: socket.socket) -> None:
    with connection:
        connection.recv(65536)
        time.sleep(SECONDS)
        connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')


def serve() -> None:
    with ThreadPoolExecutor(4) as threads:
        while True:
            threads.submit(respond, listener.accept()[0])


threading.Thread(target=serve, daemon=True).start()


def in_thread(function: Callable[[], object]) -> None:
    threading.Thread(target=function, daemon=True).start()


# Where a handler blocks.


@app.before_serving
async def start() -> None:
    time.sleep(SECONDS)  # blocks: startup


@app.after_serving
async def stop() -> None:
    time.sleep(SECONDS)  # blocks: shutdown


@app.before_request
async def before() -> None:
    if request.path == '/before':
        time.sleep(SECONDS)  # blocks: GET /before


@app.after_request
async def after(response: Response) -> Response:
    if request.path == '/after':
        time.sleep(SECONDS)  # blocks: GET /after
    return response


@app.context_processor
async def context() -> dict[str, object]:
    if request.path == '/context':
        time.sleep(SECONDS)  # blocks: GET /context
    return {}


@app.get('/before')
@app.get('/after')
async def around() -> str:
    return 'ok'


@app.get('/context')
async def with_context() -> str:
    return await render_template_string('ok')


def price() -> str:
    time.sleep(SECONDS)  # blocks: GET /template
    return '9'


@app.get('/template')
async def template() -> str:
    return await render_template_string('{{ price() }}', price=price)


@app.get('/stream')
async def stream() -> Response:
    async def parts() -> AsyncIterator[bytes]:
        yield b'first'
        time.sleep(SECONDS)  # blocks: GET /stream
        yield b'second'

    return Response(parts())


@app.get('/background')
async def background() -> str:
    async def work() -> None:
        time.sleep(SECONDS)  # blocks: GET /background

    app.add_background_task(work)
    return 'ok'


@app.websocket('/websocket')
async def socket_handler() -> None:
    await websocket.accept()
    time.sleep(SECONDS)  # blocks: WEBSOCKET /websocket


class Class(MethodView):
    async def post(self) -> str:
        time.sleep(SECONDS)  # blocks: POST /class
        return 'ok'


app.add_url_rule('/class', view_func=Class.as_view('class'))


@app.get('/several')
async def several() -> str:
    time.sleep(SECONDS)  # blocks: GET /several
    time.sleep(SECONDS)  # blocks: GET /several
    return 'ok'


@app.get('/page')
async def page() -> str:
    return await render_template('blocking.html')


# What blocks.


@app.get('/sleep/<int:number>')
async def sleep(number: int) -> str:
    time.sleep(2 * SECONDS)  # blocks: GET /sleep/<int:number>
    return str(number)


@app.get('/password')
async def password() -> str:
    return generate_password_hash('secret', 'scrypt:32768:8:2')  # blocks: GET /password


@app.get('/pbkdf2')
async def pbkdf2() -> str:
    return hashlib.pbkdf2_hmac('sha256', b'secret', b'salt', 400_000).hex()  # blocks: GET /pbkdf2


@app.get('/sqlite')
async def sqlite() -> str:
    with closing(sqlite3.connect(':memory:')) as database:
        return str(database.execute(SLOW_QUERY).fetchone())  # blocks: GET /sqlite


@app.get('/urllib')
async def urllib_() -> bytes:
    with urllib.request.urlopen(URL) as response:  # blocks: GET /urllib
        return response.read()  # type: ignore[no-any-return]


@app.get('/httpx')
async def httpx_() -> str:
    return httpx.get(URL).text  # blocks: GET /httpx


@app.get('/socket')
async def socket_() -> bytes:
    with socket.create_connection(ADDRESS) as connection:
        connection.sendall(b'GET / HTTP/1.1\r\n\r\n')
        return connection.recv(65536)  # blocks: GET /socket


@app.get('/subprocess')
async def subprocess_() -> str:
    subprocess.run(['sleep', str(SECONDS)])  # blocks: GET /subprocess
    return 'ok'


@app.get('/system')
async def system() -> str:
    return str(os.system(f'sleep {SECONDS}'))  # blocks: GET /system


@app.get('/fifo')
async def fifo() -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, 'fifo')
        os.mkfifo(path)

        def write() -> None:
            time.sleep(SECONDS)
            path.write_text('ok')

        in_thread(write)
        return path.read_text()  # blocks: GET /fifo


@app.get('/busy')
async def busy() -> str:
    end = time.thread_time() + SECONDS
    while time.thread_time() < end:  # blocks: GET /busy
        pass
    return 'ok'


@app.get('/json')
async def json_() -> str:
    return str(len(json.dumps(NUMBERS)))  # blocks: GET /json


@app.get('/regex')
async def regex() -> str:
    return str(re.match('(x+x+)+y', 'x' * 24))  # blocks: GET /regex


@app.get('/lock')
async def lock_() -> str:
    locked = threading.Event()

    def hold() -> None:
        with lock:
            locked.set()
            time.sleep(SECONDS)

    in_thread(hold)
    locked.wait()
    with lock:  # blocks: GET /lock
        return 'ok'


@app.get('/future')
async def future() -> str:
    with ThreadPoolExecutor(1) as pool:
        return str(pool.submit(time.sleep, SECONDS).result())  # blocks: GET /future


@app.get('/encoded')
async def encoded() -> list[int]:
    # Quart encodes it after the view has returned, while no line of this file runs.
    return NUMBERS


# What does not block for as long as the limit.


@app.get('/fine/run-sync')
async def fine_run_sync() -> str:
    await run_sync(time.sleep)(SECONDS)
    return 'ok'


@app.get('/fine/thread-hash')
async def fine_hash() -> str:
    return str(await run_sync(generate_password_hash)('secret', 'scrypt:32768:8:2'))


@app.get('/fine/thread-busy')
async def fine_busy() -> str:
    def work() -> None:
        end = time.thread_time() + SECONDS
        while time.thread_time() < end:
            pass

    await asyncio.to_thread(work)
    return 'ok'


@app.get('/fine/thread-json')
async def fine_json() -> str:
    return str(len(await run_sync(json.dumps)(NUMBERS)))


@app.get('/fine/sync-view')
def fine_sync_view() -> str:
    time.sleep(SECONDS)
    return 'ok'


@app.get('/fine/sleep')
async def fine_sleep() -> str:
    await asyncio.sleep(SECONDS)
    return 'ok'


@app.get('/fine/query')
async def fine_query() -> str:
    async with aiosqlite.connect(':memory:') as database, database.execute(SLOW_QUERY) as cursor:
        return str(await cursor.fetchone())


@app.get('/fine/socket')
async def fine_socket() -> bytes:
    reader, writer = await asyncio.open_connection(*ADDRESS)
    writer.write(b'GET / HTTP/1.1\r\n\r\n')
    with closing(writer):
        return await reader.read()


@app.get('/fine/process')
async def fine_process() -> str:
    process = await asyncio.create_subprocess_exec('sleep', str(SECONDS))
    return str(await process.wait())


@app.get('/fine/short')
async def fine_short() -> str:
    time.sleep(0.03)
    return 'ok'


@app.get('/fine/short-many')
async def fine_short_many() -> str:
    for _ in range(10):
        time.sleep(0.03)
        await asyncio.sleep(0)
    return 'ok'


@app.get('/fine/background')
async def fine_background() -> str:
    app.add_background_task(time.sleep, SECONDS)
    return 'ok'


class WaitingThread(threading.Thread):
    """A thread that waits for a processor before it runs, as on a busy machine."""

    def _bootstrap_inner(self) -> None:
        time.sleep(SECONDS)
        super()._bootstrap_inner()  # type: ignore[misc]


@app.get('/fine/start-thread')
async def fine_start_thread() -> str:
    WaitingThread(target=str).start()
    return 'ok'


@app.get('/fine/start-process')
async def fine_start_process() -> str:
    # As on a busy machine, the process waits before it runs its program.
    process = await asyncio.create_subprocess_exec('true', preexec_fn=lambda: time.sleep(SECONDS))
    return str(await process.wait())


# Handlers that Quart runs in threads.


class SyncClass(MethodView):
    def get(self) -> str:
        time.sleep(SECONDS)
        return 'ok'


app.add_url_rule('/fine/sync-class', view_func=SyncClass.as_view('sync_class'))


@app.after_request
def sync_after(response: Response) -> Response:
    return response


@app.errorhandler(404)
def not_found(_: Exception) -> tuple[str, int]:
    return 'no such page', 404


@app.get('/raises')
async def raises() -> str:
    raise ValueError


@app.get('/pid')
async def pid() -> str:
    Path(os.environ['PID_FILE']).write_text(str(os.getpid()))
    return 'ok'

"""An app that records each process that serves it, and shows what it knows of the client."""

import os
from pathlib import Path

from quart import Quart, request

app = Quart(__name__)


@app.before_serving
def record_process() -> None:
    with Path(os.environ['PROCESSES']).open('a') as file:
        file.write(f'{os.getpid()}\n')


@app.get('/')
async def show_client() -> dict[str, object]:
    return {'scheme': request.scheme, 'client': request.remote_addr}

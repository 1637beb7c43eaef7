"""The HTTP service that the apps call: it responds with 1 KB of JSON after a random delay.

Start it with a port: python -m quart_session_demo.compare.apps.service.upstream 8001
"""

import asyncio
import json
import math
import random
import sys

import uvicorn
from hypercorn.typing import ASGIReceiveCallable, ASGISendCallable, Scope

from quart_session_demo.compare.apps.service.quote import QUOTE

#: The median of the delays, in seconds.
MEDIAN_SECONDS = 0.1
#: The standard deviation of the delays' logarithm: 5 % are below 61 ms, 5 % above 164 ms.
SIGMA = 0.3

BODY = json.dumps(QUOTE, separators=(',', ':')).encode()
HEADERS = [(b'content-type', b'application/json'), (b'content-length', b'%d' % len(BODY))]


async def app(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """Respond to any request after a delay."""
    await asyncio.sleep(random.lognormvariate(math.log(MEDIAN_SECONDS), SIGMA))
    await send({'type': 'http.response.start', 'status': 200, 'headers': HEADERS})
    await send({'type': 'http.response.body', 'body': BODY, 'more_body': False})


def main(port: int) -> None:
    """Serve the service on this port, until a signal."""
    uvicorn.run(
        f'{__spec__.name}:app',
        host='127.0.0.1',
        port=port,
        loop='uvloop',
        http='httptools',
        lifespan='off',
        access_log=False,
        # The apps close idle connections first, so that no request meets a closed one.
        timeout_keep_alive=3600,
    )


if __name__ == '__main__':
    main(int(sys.argv[1]))

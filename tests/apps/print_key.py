"""Start the app as a server does, after a line on standard input, and print its key."""

import asyncio
import sys

from quart_session_demo import app


async def start() -> None:
    async with app.test_app():
        print(app.secret_key)


sys.stdin.readline()
asyncio.run(start())

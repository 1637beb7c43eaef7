"""Change and then delete a session in a database: URL, key, name of the process, changes.

Each line on standard input starts one of these steps, so that several processes take it together.
"""

import asyncio
import sys

from quart_session_demo.sessions.server.store import WriteResult, current_time, new_token
from quart_session_demo.sessions.sql import SQLStore

LIFETIME = 600_000


async def main(url: str, key: str, name: str, changes: int) -> None:
    store = SQLStore(url)
    sys.stdin.readline()
    for number in range(changes):
        field = f'"{name} {number}"'.encode()
        result = await store.write(
            key, {field: b'1'}, (), lifetime=LIFETIME, refreshed=current_time()
        )
        assert result is WriteResult.SAVED
    print('changed', flush=True)
    sys.stdin.readline()
    print(await store.delete(key, new_token()) is not None)
    await store.close()


asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))

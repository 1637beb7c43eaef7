"""Read a job and orders from standard input, and write a line with the result of each order."""

import asyncio
import gc
import sys

import msgspec
import uvloop

from quart_session_demo.compare.load.generator.closed_loop import run_closed_loop
from quart_session_demo.compare.load.generator.open_loop import run_open_loop
from quart_session_demo.compare.load.generator.user_group import UserGroup
from quart_session_demo.compare.load.job import Job, SliceOrder
from quart_session_demo.compare.load.open_files import raise_limit


async def main() -> None:
    """Carry out the orders until standard input is closed."""
    raise_limit()
    job = msgspec.json.decode(await _read_line(), type=Job)
    groups: dict[str, UserGroup] = {}
    while line := await _read_line():
        order = msgspec.json.decode(line, type=SliceOrder)
        if order.contender not in groups:
            groups[order.contender] = UserGroup(job, order.contender)
        # A garbage collection would delay the requests of all users.
        gc.collect()
        gc.freeze()
        gc.disable()
        run = run_closed_loop if order.rate is None else run_open_loop
        result = await run(groups[order.contender], order)
        gc.enable()
        sys.stdout.buffer.write(msgspec.json.encode(result) + b'\n')
        sys.stdout.buffer.flush()


async def _read_line() -> bytes:
    """Return a line; meanwhile responses that are still in flight are received."""
    return await asyncio.get_running_loop().run_in_executor(None, sys.stdin.buffer.readline)


if __name__ == '__main__':
    uvloop.run(main())

"""Receive the client's next event, or another one instead."""

import asyncio

from hypercorn.typing import ASGIReceiveCallable, ASGIReceiveEvent


async def receive_unless(
    signal: asyncio.Event, receive: ASGIReceiveCallable, instead: ASGIReceiveEvent
) -> ASGIReceiveEvent:
    """Return the next event of the client, or another one if a signal is set before it."""
    received = asyncio.ensure_future(receive())
    signaled = asyncio.ensure_future(signal.wait())
    try:
        await asyncio.wait((received, signaled), return_when=asyncio.FIRST_COMPLETED)
        return received.result() if received.done() else instead
    finally:
        received.cancel()
        signaled.cancel()

"""Close a listening socket without a reset of the connections that wait in it."""

import asyncio
import socket
import struct
import sys
from contextlib import suppress

#: How often the length of the queue is read.
INTERVAL_SECONDS = 0.01
#: How often in a row the queue must be empty, so that handshakes that have begun can end.
QUIET_INTERVALS = 10
#: How long a client has at least to send a request after it has connected.
QUIET_SECONDS = QUIET_INTERVALS * INTERVAL_SECONDS
# In asm-generic/socket.h. Python does not name it.
_SO_BINDTOIFINDEX = 62
#: The number of a network interface that no machine has.
_NO_INTERFACE = 0x7FFFFFFF
# `tcpi_unacked` in `struct tcp_info` of linux/tcp.h. For a socket that listens, it is the number of
# connections that are not accepted yet.
_QUEUE_LENGTH = struct.Struct('=24xI')


async def drain(listener: socket.socket) -> None:
    """Admit no new connection, and wait until the server has accepted those that wait.

    Under load some always wait, and closing the socket would reset them, with the requests that
    they contain. New clients are refused.

    This is for Linux 5.7 or later. Elsewhere, and for a Unix socket, it does nothing.
    """
    if sys.platform != 'linux' or listener.family == socket.AF_UNIX:
        return
    # Some sandboxes do not have this option.
    with suppress(OSError):
        _refuse_new_connections(listener)
        quiet = 0
        while quiet < QUIET_INTERVALS:
            await asyncio.sleep(INTERVAL_SECONDS)
            quiet = 0 if _length(listener) else quiet + 1


async def wait_for_requests() -> None:
    """Wait until the server has read what clients have sent on connections that are open.

    Intervals are counted, and not the time: on a busy machine one long wait can be over before the
    event loop has read anything.
    """
    for _ in range(QUIET_INTERVALS):
        await asyncio.sleep(INTERVAL_SECONDS)


def _refuse_new_connections(listener: socket.socket) -> None:
    # Linux finds no listening socket for a new connection if the socket is for another interface.
    # Connections whose handshake has begun stay as they are. Only an administrator may set this
    # again, after another process of this server.
    if listener.getsockopt(socket.SOL_SOCKET, _SO_BINDTOIFINDEX) != _NO_INTERFACE:
        listener.setsockopt(socket.SOL_SOCKET, _SO_BINDTOIFINDEX, _NO_INTERFACE)


def _length(listener: socket.socket) -> int:
    info = listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _QUEUE_LENGTH.size)
    (length,) = _QUEUE_LENGTH.unpack(info)
    return int(length)

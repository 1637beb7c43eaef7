"""Close a listening socket without a reset of the connections that wait in it."""

import asyncio
import socket
import struct
import sys
from array import array
from contextlib import suppress

#: How often the length of the queue is read.
INTERVAL_SECONDS = 0.01
#: How often in a row the queue must be empty, so that handshakes that have begun can end.
QUIET_INTERVALS = 10
#: How long a client has at least to send a request after it has connected.
QUIET_SECONDS = QUIET_INTERVALS * INTERVAL_SECONDS
# In asm-generic/socket.h.
_SO_ATTACH_FILTER = 26
# `tcpi_unacked` in `struct tcp_info` of linux/tcp.h. For a socket that listens, it is the number of
# connections that are not accepted yet.
_QUEUE_LENGTH = struct.Struct('=24xI')
# `struct sock_filter` and `struct sock_fprog` of linux/filter.h.
_INSTRUCTION = struct.Struct('=HBBI')
_PROGRAM = struct.Struct('@HP')
# Drop a packet if SYN is set in the flags, byte 13 of the TCP header. Accept all others.
_DROP_SYN = (
    (0x30, 0, 0, 13),  # A = byte 13
    (0x45, 0, 1, 2),  # if A & 2 go on, otherwise skip one
    (0x06, 0, 0, 0),  # return 0 bytes: drop the packet
    (0x06, 0, 0, 0xFFFFFFFF),  # return all bytes
)


async def drain(listener: socket.socket) -> None:
    """Admit no new connection, and wait until the server has accepted those that wait.

    Under load some always wait, and closing the socket would reset them, with the requests that
    they contain. A new client does not connect: it tries again after a second, and is then refused.

    This is for Linux. Elsewhere, and for a Unix socket, it does nothing.
    """
    if sys.platform != 'linux' or listener.family == socket.AF_UNIX:
        return
    # Some sandboxes have no filters.
    with suppress(OSError):
        _drop_new_connections(listener)
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


def _drop_new_connections(listener: socket.socket) -> None:
    code = array('B', b''.join(_INSTRUCTION.pack(*line) for line in _DROP_SYN))
    address, _ = code.buffer_info()
    program = _PROGRAM.pack(len(_DROP_SYN), address)
    listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)


def _length(listener: socket.socket) -> int:
    info = listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _QUEUE_LENGTH.size)
    (length,) = _QUEUE_LENGTH.unpack(info)
    return int(length)

"""A server with a known service time: `python one_at_a_time.py PORT SECONDS...`.

It serves one request after the other, in the order of their arrival. Of several service times it
uses the next one after each pause.
"""

import socket
import sys
import threading
import time
from itertools import cycle
from queue import SimpleQueue

RESPONSE = b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
#: Without a request for this time, there is a pause.
PAUSE_SECONDS = 0.05

port, *times = sys.argv[1:]
requests: SimpleQueue[tuple[float, socket.socket]] = SimpleQueue()


def receive(connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
    while connection.recv(65536):
        requests.put((time.perf_counter(), connection))


def respond() -> None:
    service_times = cycle(map(float, times))
    seconds = next(service_times)
    free_at = 0.0
    while True:
        received_at, connection = requests.get()
        if received_at > free_at + PAUSE_SECONDS:
            seconds = next(service_times)
        # If this thread is late, the next requests do not have to wait longer.
        free_at = max(free_at, received_at) + seconds
        time.sleep(max(0, free_at - time.perf_counter()))
        connection.sendall(RESPONSE)


threading.Thread(target=respond, daemon=True).start()
with socket.create_server(('127.0.0.1', int(port)), backlog=256) as listener:
    while True:
        accepted, _ = listener.accept()
        threading.Thread(target=receive, args=[accepted], daemon=True).start()

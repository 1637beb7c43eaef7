"""The client of an app."""

from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from queue import SimpleQueue

import httpx

from quart_session_demo.compare.harness.client import SimulatedUser
from quart_session_demo.compare.harness.recording import RecordedResponse
from quart_session_demo.compare.harness.servers import GRACE_SECONDS, Server
from quart_session_demo.compare.harness.steps import Step
from quart_session_demo.signals import signals_deferred


@dataclass
class AppClient:
    """The client of an app, with all users of the app.

    Requests are sent in a separate thread: a signal, which the main thread handles, would interrupt
    httpx while it holds its locks.

    Attributes:
        client: Sends the requests.
        thread: Runs the client.
        users: The users by name.
    """

    client: httpx.Client
    thread: Executor
    users: dict[str, SimulatedUser] = field(default_factory=dict)

    def user(self, name: str) -> SimulatedUser:
        """Return the user of that name."""
        return self.users.setdefault(name, SimulatedUser())

    def send(self, server: Server, step: Step) -> RecordedResponse:
        """Send a step's request.

        Raises:
            ServerError: The server died.
        """
        user = self.user(step.user)
        finished: SimpleQueue[Future[RecordedResponse]] = SimpleQueue()
        # A signal would also interrupt `Future.result` while it holds its lock: the error would be
        # another one, or the thread would never end. This queue can be interrupted.
        with signals_deferred():
            future = self.thread.submit(user.send, self.client, server.url, step)
            future.add_done_callback(finished.put)
        response = finished.get().result()
        if response.error is not None:
            server.check_alive(f'died at step {step.name!r}', GRACE_SECONDS)
        return response

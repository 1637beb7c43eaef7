"""What the measured implementations share: the sessions, the settings and the interface."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

#: The secret key of the measured apps.
KEY = 'a key that signs only the cookies of this measurement'
#: The settings of the measured apps.
APP_SETTINGS = {'SECRET_KEY': KEY, 'SESSION_COOKIE_SAMESITE': 'Lax'}
#: The number of calls that are timed together.
CALLS = 100

#: The names of the sessions.
LESSON = 'lesson'
LARGE = '2 KB'
#: The content of each session, by its name.
SESSIONS: Mapping[str, Mapping[str, Any]] = {
    LESSON: {'username': 'zhiliao', 'age': 20, '_permanent': True},
    LARGE: {
        'username': 'zhiliao',
        '_permanent': True,
        'cart': [
            {'id': number, 'title': f'Book number {number}', 'cents': 1000 + 37 * number}
            for number in range(41)
        ],
    },
}


@dataclass(frozen=True)
class Subject:
    """An implementation of sessions to measure.

    Attributes:
        name: The name in the table.
        minimum: The name of the implementation that does only what this one cannot avoid.
        open: Open a session `CALLS` times and return the processor time in seconds.
        save: Save a session `CALLS` times and return the processor time in seconds.
    """

    name: str
    minimum: str
    open: Callable[[], Awaitable[float]]
    save: Callable[[], Awaitable[float]]

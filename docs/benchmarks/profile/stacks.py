"""Read the stacks that py-spy recorded, and find out whose processor time they show."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

PACKAGE = 'quart_session_demo'
SITE_PACKAGES = '/site-packages/'

SERVER = 'server and parser'
LOOP = 'event loop'
FRAMEWORK = 'Quart, Werkzeug, Flask'
SESSION = 'session'
MIDDLEWARE = 'middleware'
STARTER = 'starter'
OTHER = 'other libraries'
PYTHON = "Python's library"
HANDLER = 'handler'
#: Whose time it can be, in the order of the tables.
OWNERS = (SERVER, LOOP, FRAMEWORK, SESSION, MIDDLEWARE, STARTER, OTHER, PYTHON, HANDLER)
#: What belongs to this package.
OURS = (SESSION, MIDDLEWARE, STARTER)
#: What calls the rest of the request, which is not its own work.
WRAPPERS = (MIDDLEWARE, STARTER)
#: What a wrapper calls when it passes on a request or an event.
WRAPPED = (SERVER, LOOP, FRAMEWORK)
#: Files of Python's library whose functions wait for another thread or process.
WAITING = ('/threading.py', '/multiprocessing/popen_fork.py')

_PACKAGES = {
    **dict.fromkeys(
        ('granian', 'h11', 'h2', 'httptools', 'hypercorn', 'uvicorn', 'wsproto'), SERVER
    ),
    **dict.fromkeys(('asyncio', 'uvloop'), LOOP),
    **dict.fromkeys(('flask', 'quart', 'werkzeug'), FRAMEWORK),
}
# The parts of this package. All others serve the session.
_PARTS = {
    'compare': HANDLER,
    'lesson.py': HANDLER,
    'middleware': MIDDLEWARE,
    'serve': STARTER,
    'wsgi.py': MIDDLEWARE,
}
# `SessionSigner.sign (/app/sessions/signing.py:12)`, or `run (<frozen runpy>:86)`.
_FRAME = re.compile(r'(?P<function>.+) \((?P<file>[^()]+?)(?::\d+)?\)')


@dataclass(frozen=True)
class Frame:
    """A function that runs, or that waits for the function that it called.

    Attributes:
        function: Its name.
        file: Its file.
    """

    function: str
    file: str

    @property
    def owner(self) -> str:
        """Whose function it is, one of `OWNERS`."""
        _, is_installed, path = self.file.rpartition(SITE_PACKAGES)
        package, _, inner = path.partition('/')
        if not is_installed and f'/{PACKAGE}/' in path:
            package, inner = PACKAGE, path.rpartition(f'/{PACKAGE}/')[2]
        if package == PACKAGE:
            return _PARTS.get(inner.partition('/')[0], SESSION)
        if is_installed:
            return _PACKAGES.get(package, OTHER)
        return LOOP if '/asyncio/' in path else PYTHON


#: The functions of a sample, the one that runs last.
Stack = Sequence[Frame]
Samples = Counter[tuple[Frame, ...]]


def read_samples(lines: Iterable[str]) -> Samples:
    """Return how often each stack was seen.

    Other threads than the main one, and the first process of a server with several, wait. Not every
    system lets py-spy see that, so they are left out here.

    Args:
        lines: What `py-spy record --format raw --full-filenames` wrote: each line has the frames of
            a stack with semicolons between them, and a number.
    """
    samples: Samples = Counter()
    for line in lines:
        stack, _, count = line.rpartition(' ')
        # The first names are those of processes.
        matches = [_FRAME.fullmatch(name) for name in stack.split(';')]
        frames = tuple(Frame(**match.groupdict()) for match in matches if match)
        if frames and not _waits(frames):
            samples[frames] += int(count)
    return samples


def _waits(stack: Stack) -> bool:
    is_thread = any(frame.function == 'Thread._bootstrap' for frame in stack)
    return is_thread or stack[-1].file.endswith(WAITING)


def running(stack: Stack) -> str:
    """Return whose function runs."""
    return stack[-1].owner


def responsible(stack: Stack) -> Frame | None:
    """Return our function for which a stack does its work, or None.

    It is our last function, with the libraries that it calls. A middleware does no work while the
    rest of the app or the server works, and neither does this package while a handler does.
    """
    wrapped = False
    for frame in reversed(stack):
        owner = frame.owner
        if owner == HANDLER:
            return None
        if owner in OURS and not (wrapped and owner in WRAPPERS):
            return frame
        wrapped = wrapped or owner in WRAPPED
    return None

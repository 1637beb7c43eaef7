"""Allow this process, and those that it starts, to open many connections."""

import resource
from contextlib import suppress

#: More than all servers, users and pools of a run need.
MANY_FILES = 65_536


def raise_limit() -> None:
    """Raise the limit of open files: many shells set 1024, and each connection is one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = MANY_FILES if hard == resource.RLIM_INFINITY else min(MANY_FILES, hard)
    # macOS has a limit of its own, which it does not report here.
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))

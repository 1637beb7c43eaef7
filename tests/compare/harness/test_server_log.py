"""The part of a server's log that a failed request has."""

from collections.abc import Iterator

import pytest

from quart_session_demo.compare.harness.server_log import FAILURE_LINES, ServerLog

WARNING = "RuntimeWarning: coroutine 'save' was never awaited"


@pytest.fixture
def log() -> Iterator[ServerLog]:
    """Return an empty log."""
    log = ServerLog()
    with log.file:
        yield log


def write(log: ServerLog, *lines: str) -> None:
    """Write lines, as a server does."""
    log.file.writelines(f'{line}\n'.encode() for line in lines)
    log.file.flush()


def test_log_of_failure_keeps_warnings_of_missing_await(log: ServerLog) -> None:
    """A long traceback after the warning does not hide it; other early lines are left out."""
    traceback = [f'line {number}' for number in range(FAILURE_LINES)]
    write(log, 'an early line', WARNING, *traceback)

    assert log.has_missing_await(0)
    assert log.of_failure(0) == [WARNING, *traceback]


def test_log_of_failure_ignores_earlier_requests(log: ServerLog) -> None:
    """A warning during an earlier request is not part of it."""
    write(log, WARNING)
    start = log.size()
    write(log, 'KeyError')

    assert not log.has_missing_await(start)
    assert log.of_failure(start) == ['KeyError']

"""The session store of docs/stores.md, as the page shows it."""

from pathlib import Path
from typing import Any

from quart_session_demo.sessions import SessionStore
from tests.docs.markdown import code_blocks, read, section


def example_code() -> str:
    """Return the code of the page's store."""
    [code] = code_blocks(section(read('docs/stores.md'), '## The code'), 'python')
    return code


def example_store(path: Path) -> SessionStore:
    """Return a store that the page's code makes, with its sessions in this file."""
    names: dict[str, Any] = {}
    exec(example_code(), names)  # noqa: S102
    store: SessionStore = names['FileStore'](path)
    return store

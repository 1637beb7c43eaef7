"""The documentation has each kind of finding."""

import re
import tomllib
from importlib.resources import files

from tests.conftest import ROOT

IDS = tomllib.loads((files('quart_session_demo.port.findings') / 'ids.toml').read_text('utf-8'))


def test_every_kind_of_finding_is_described() -> None:
    """The kinds that are described are those that the source, or its data, names."""
    sources = [
        path.read_text('utf-8')
        for folder in ('changes', 'findings')
        for path in (ROOT / 'quart_session_demo/port' / folder).glob('*.py')
        if path.name != 'requirements.py'
    ]
    named = {name for text in sources for name in re.findall(r"'([a-z]+(?:-[a-z]+)+)'", text)}

    assert named | {'wsgi', 'extension', 'requirement'} == IDS.keys()

"""What must be awaited is read from Quart's signatures, and is the same for both lines of Quart."""

import tomllib
from importlib.metadata import version
from importlib.resources import files

import pytest

from quart_session_demo.port.analysis.signatures import as_toml, signatures

STORED = (files('quart_session_demo.port.analysis') / 'signatures.toml').read_text('utf-8')
TABLES = tomllib.loads(STORED)
CURRENT = signatures()


@pytest.mark.parametrize('type_', CURRENT)
@pytest.mark.parametrize('key', ['awaited', 'awaited_properties'])
def test_signatures_of_the_installed_quart_are_stored(type_: str, key: str) -> None:
    """The port awaits exactly what the installed Quart declares as awaitable."""
    assert TABLES[type_].get(key, []) == CURRENT[type_][key]


@pytest.mark.parametrize('type_', CURRENT)
def test_other_members_of_the_installed_quart_are_stored(type_: str) -> None:
    """Each member that needs no await is known; Quart 0.23 has all of them."""
    assert set(CURRENT[type_]['sync']) <= set(TABLES[type_].get('sync', []))


def test_stored_file_is_what_the_script_prints() -> None:
    """The file has not been edited by hand; it was made with Quart 0.23."""
    tables = CURRENT if version('quart') >= '0.23' else TABLES

    assert '\n'.join(as_toml(tables)) + '\n' == STORED


def test_awaited_members_are_those_of_the_documentation() -> None:
    """The list has what Quart's documentation names."""
    assert {'form', 'files', 'json', 'data', 'values'} <= set(
        CURRENT['Request']['awaited_properties']
    )
    assert {'get_json', 'get_data'} <= set(CURRENT['Request']['awaited'])
    assert {'render_template', 'flash', 'make_response'} <= set(CURRENT['module']['awaited'])
    assert 'save' in CURRENT['File']['awaited']

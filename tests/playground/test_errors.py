"""Input that the page refuses."""

import pytest

from tests.playground.conftest import PageUser, outcome


@pytest.mark.parametrize(
    ('status', 'action', 'key', 'value', 'shown'),
    [
        (400, 'set', '', 'old', 'The key must have 1 to 100 characters'),
        (400, 'set', 'k' * 101, 'old', 'The key must have 1 to 100 characters'),
        (400, 'set', 'k', '[' * 60 + ']' * 60, 'nested too deeply'),
        (400, 'set', 'k', '[' * 5000 + ']' * 5000, 'nested too deeply'),
        (400, 'set', 'k', 'v' * 10_001, 'at most 10000 characters'),
        (400, 'fly', 'k', 'old', 'no such action'),
        (400, '', 'k', 'old', 'no such action'),
        (404, 'pop', 'k', 'old', "KeyError: 'k'"),
        (404, 'del', 'k', 'old', "KeyError: 'k'"),
    ],
)
async def test_bad_input_is_refused(
    user: PageUser, status: int, action: str, key: str, value: str, shown: str
) -> None:
    """Bad input is reported on the page, with the form as it was and the session unchanged."""
    await user.update_session({'a': 1})

    text = await user.refused(status, action, key=key, value=value)

    assert shown in outcome(text)
    assert f'name="value" value="{value}"' in text
    assert f'name="key" value="{key}"' in text
    assert await user.session() == {'a': 1}


async def test_large_form_is_413(user: PageUser) -> None:
    """A form over MAX_CONTENT_LENGTH is refused on the page."""
    user.app.config['MAX_CONTENT_LENGTH'] = 1000

    assert '413' in outcome(await user.refused(413, 'set', key='k', value='v' * 1000))

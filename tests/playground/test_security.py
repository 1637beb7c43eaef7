"""The page executes no input, and obeys no other site."""

import pytest

from tests import cross_site
from tests.playground.conftest import PageUser, redirect_address


@pytest.mark.parametrize(
    'text',
    ['<script>alert(1)</script>', '"><img src=x>', '{{ 7777*7777 }}', "';--", '\x00\x1b'],
)
async def test_values_are_escaped(user: PageUser, text: str) -> None:
    """A key or a value never becomes part of the page's HTML, also in an error."""
    response = await user.post('set', key=text, value=text)
    response = await user.client.get(await redirect_address(response))
    page = await response.get_data(as_text=True)
    response = await user.post('pop', key=f'no {text}', value=text)
    error = await response.get_data(as_text=True)

    assert response.status_code == 404
    for html in (page, error):
        assert '<script>alert' not in html
        assert '<img' not in html
        assert '60481729' not in html


@pytest.mark.parametrize('headers', cross_site.HEADERS)
async def test_post_from_another_site_is_403(user: PageUser, headers: dict[str, str]) -> None:
    """A form on a page of another origin cannot change the session."""
    await user.update_session({'a': 1})

    response = await user.post('clear', headers=headers)

    assert response.status_code == 403
    assert await user.session() == {'a': 1}


@pytest.mark.parametrize(
    'headers',
    [
        {'Sec-Fetch-Site': 'same-origin', 'Origin': 'http://localhost'},
        {'Sec-Fetch-Site': 'none'},
        {'Origin': 'https://localhost'},
        {},
    ],
)
async def test_post_from_the_page_is_accepted(user: PageUser, headers: dict[str, str]) -> None:
    """The page's own form is accepted, also behind a proxy that terminates TLS."""
    response = await user.post('lesson', headers=headers)

    assert response.status_code == 303

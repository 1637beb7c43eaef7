"""The 404 page: with links for browsers, as before for all other clients."""

import re

import pytest
from quart import Quart, abort, websocket
from quart.testing import WebsocketResponseError

from quart_session_demo import create_app
from quart_session_demo.playground import playground
from tests.conftest import KEY, make_app

FIREFOX = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8'
CHROME = f'{FIREFOX},application/signed-exchange;v=b3;q=0.7'
LINK = '<a href="/playground/">Session playground</a>'


async def text_of(app: Quart, path: str, accept: str | None, *, lang: str = 'en') -> str:
    """Return the body of a 404 for a client that sends this Accept header, or none."""
    headers = {'Accept-Language': lang} | ({} if accept is None else {'Accept': accept})
    response = await app.test_client().get(path, headers=headers)
    assert response.status_code == 404
    return str(await response.get_data(as_text=True))


@pytest.mark.parametrize(
    'accept',
    [
        FIREFOX,
        CHROME,
        'text/html',
        'TEXT/HTML',
        'text/html;charset=utf-8',
        'text/html ; charset=utf-8',
        'text/html, application/json',
        'text/html;q=0.5, */*',
        'application/json;q=0.9, text/html',
    ],
)
@pytest.mark.parametrize('path', ['/unknown', '/playground/unknown', '/playground/static/no.css'])
async def test_browser_gets_links(app: Quart, path: str, accept: str) -> None:
    """A client that asks for HTML gets a page that links the playground and the lesson."""
    text = await text_of(app, path, accept)

    assert '<html lang="en">' in text
    assert LINK in text
    assert '<a href="/">' in text
    assert '<form' not in text


@pytest.mark.parametrize(
    'accept',
    [
        None,
        '',
        '*/*',
        'text/*',
        'text/*, application/json;q=0.5',
        'application/json, text/html',
        'text/html;q=0, */*',
        'application/json',
        'application/json, text/plain, */*',
        'application/json, text/html;q=0.9',
        'application/xhtml+xml',
        'text/html5',
        'text/css,*/*;q=0.1',
        ';q=x,/,',
    ],
)
@pytest.mark.parametrize('path', ['/unknown', '/playground/unknown', '/playground/static/no.css'])
async def test_other_clients_get_the_same_404(app: Quart, path: str, accept: str | None) -> None:
    """All other clients get Quart's own 404, as from an app without the playground."""
    without = make_app(PLAYGROUND=False)

    assert await text_of(app, path, accept) == await text_of(without, path, accept)


async def test_headers_depend_on_what_the_client_accepts(app: Quart) -> None:
    """The page names the two headers that it depends on, and neither reads nor sets a session."""
    page = await app.test_client().get('/unknown', headers={'Accept': CHROME})
    other = await app.test_client().get('/unknown', headers={'Accept': '*/*'})

    assert page.headers['Vary'] == 'Accept, Accept-Language'
    assert page.headers['Content-Type'] == 'text/html; charset=utf-8'
    assert 'Vary' not in other.headers
    for response in (page, other):
        assert 'Set-Cookie' not in response.headers
        assert "default-src 'self'" in response.headers['Content-Security-Policy']


@pytest.mark.parametrize(
    ('path', 'accepted', 'lang', 'query'),
    [
        ('/unknown', 'zh-CN', 'zh-Hans', ''),
        ('/unknown?lang=zh', 'en', 'zh-Hans', '?lang=zh'),
        ('/unknown?lang=en', 'zh', 'en', '?lang=en'),
        ('/unknown?lang=de', 'zh', 'zh-Hans', ''),
    ],
)
async def test_page_has_the_clients_language(
    app: Quart, path: str, accepted: str, lang: str, query: str
) -> None:
    """The page is in English or Chinese, and its link repeats a language in the address."""
    text = await text_of(app, path, CHROME, lang=accepted)

    assert f'<html lang="{lang}">' in text
    assert f'<a href="/playground/{query}">' in text
    assert bool(re.search('[\u4e00-\u9fff]', text)) is (lang == 'zh-Hans')
    assert ('There is no page' in text) is (lang == 'en')


@pytest.mark.parametrize('config', [{'PLAYGROUND': False}, {'PRODUCTION': True}])
async def test_page_is_off_with_the_playground(config: dict[str, bool]) -> None:
    """Without the playground, a browser gets Quart's own 404."""
    app = create_app({'SECRET_KEY': KEY, **config})

    assert 'playground' not in await text_of(app, '/unknown', CHROME)


@pytest.mark.parametrize('path', ['/del_session/pop/', '/del_session/del/'])
async def test_lesson_404_is_unchanged(app: Quart, path: str) -> None:
    """The lesson's own 404 is its text, also in a browser."""
    assert await text_of(app, path, CHROME) == '没有session数据'


async def test_form_gets_the_page(app: Quart) -> None:
    """A form that is sent to an unknown address gets the page, too."""
    response = await app.test_client().post('/unknown', form={}, headers={'Accept': CHROME})

    assert response.status_code == 404
    assert LINK in await response.get_data(as_text=True)


@pytest.mark.parametrize('accept', [CHROME, '*/*'])
async def test_action_404_is_shown_on_the_page(app: Quart, accept: str) -> None:
    """A missing key is reported by the playground itself, and not by the 404 page."""
    response = await app.test_client().post(
        '/playground/', form={'do': 'pop', 'key': 'k'}, headers={'Accept': accept}
    )

    assert response.status_code == 404
    assert 'KeyError' in await response.get_data(as_text=True)


@pytest.mark.parametrize('accept', [CHROME, '*/*'])
async def test_other_errors_are_unchanged(app: Quart, accept: str) -> None:
    """Another error, or a 404 with its own response, is the same for every client."""

    @app.get('/own')
    async def own() -> str:
        abort(404, response=app.response_class('own', 404))

    client = app.test_client()
    wrong_method = await client.post('/get_session/', headers={'Accept': accept})
    own_response = await client.get('/own', headers={'Accept': accept})

    assert wrong_method.status_code == 405
    assert LINK not in await wrong_method.get_data(as_text=True)
    assert await own_response.get_data(as_text=True) == 'own'


async def test_app_without_the_lesson_does_not_link_it() -> None:
    """In an app of one's own the pages of the playground link the playground alone."""
    app = Quart('own')
    app.secret_key = KEY
    app.register_blueprint(playground)

    text = await text_of(app, '/playground/static/no.css', CHROME)

    assert LINK in text
    assert '<a href="/">' not in text
    page = await app.test_client().get('/playground/')
    assert page.status_code == 200
    assert 'lesson.py' not in await page.get_data(as_text=True)


async def test_static_error_does_not_show_the_session(app: Quart) -> None:
    """An error of a static file is small, and does not depend on the session."""
    headers = {'Range': 'bytes=9999999-'}
    response = await app.test_client().get('/playground/static/playground.css', headers=headers)

    assert response.status_code == 416
    assert 'Vary' not in response.headers
    assert '<form' not in await response.get_data(as_text=True)


async def test_websocket_404_is_unchanged(app: Quart) -> None:
    """An unknown address of a websocket is a 404 without the page, also with its Accept header."""

    @app.websocket('/known')
    async def known() -> None:
        await websocket.accept()

    with pytest.raises(WebsocketResponseError) as caught:
        async with app.test_client().websocket('/unknown', headers={'Accept': CHROME}) as socket:
            await socket.receive()

    assert caught.value.response.status_code == 404


async def test_root_path_is_in_the_links(app: Quart) -> None:
    """Behind a root path, the links include it."""
    client = app.test_client()
    headers = {'Accept': CHROME}
    response = await client.get('/sub/unknown', headers=headers, root_path='/sub')

    assert '<a href="/sub/playground/">' in await response.get_data(as_text=True)

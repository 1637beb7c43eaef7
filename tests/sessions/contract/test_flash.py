"""Flashed messages and templates."""

from quart import Quart, flash, get_flashed_messages, redirect, render_template_string
from quart.typing import ResponseReturnValue


async def test_flash_is_shown_once(app: Quart) -> None:
    """A message that is flashed before a redirect is shown by the next page, once."""

    @app.get('/flash')
    async def view() -> ResponseReturnValue:
        await flash('saved')
        return redirect('/show')

    @app.get('/show')
    async def show() -> str:
        return await render_template_string('{{ messages }}', messages=get_flashed_messages())

    client = app.test_client()

    assert (await client.get('/flash')).status_code == 302
    for expected in ('[&#39;saved&#39;]', '[]'):
        response = await client.get('/show')
        assert response.status_code == 200
        assert await response.get_data(as_text=True) == expected


async def test_template_reads_session(app: Quart) -> None:
    """A template reads the session as a dict."""

    @app.get('/template')
    async def view() -> str:
        return await render_template_string('{{ session.username }} {{ session|tojson }}')

    client = app.test_client()
    await client.get('/browser_session/')

    text = await (await client.get('/template')).get_data(as_text=True)

    assert text == 'zhiliao {"_permanent": false, "username": "zhiliao"}'

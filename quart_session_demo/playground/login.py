"""A login without a password: it binds the session to any name that a user types."""

from quart_session_demo.playground.language import refuse
from quart_session_demo.playground.long_text import shorten
from quart_session_demo.playground.notice import Notice
from quart_session_demo.playground.session_cookie import has_server_sessions
from quart_session_demo.sessions import regenerate_session

#: In characters.
MAX_NAME_LENGTH = 100


async def log_in(text: str) -> Notice:
    """Bind the session to the name in the form, and return what the page reports about it."""
    if not has_server_sessions():
        refuse(
            409,
            'This login needs sessions that are stored on a server.',
            '只有保存在服务器上的 session 才能登录。',
        )
    user = text.strip()
    if not 0 < len(user) <= MAX_NAME_LENGTH:
        refuse(
            400,
            f'The name must have 1 to {MAX_NAME_LENGTH} characters.',
            f'名字的长度必须是 1 到 {MAX_NAME_LENGTH} 个字符。',
        )
    await regenerate_session(user=user)
    return {
        'action': 'login',
        'line': f'await regenerate_session(user={shorten(repr(user))})',
    }

"""English, or Chinese where the address asks for it: `?lang=zh`."""

from quart import request

# The names of the errors that the page shows.
ERROR_NAMES = {
    400: '请求有误',
    403: '禁止访问',
    404: '未找到',
    408: '请求超时',
    409: '冲突',
    413: '内容过大',
}


def language() -> str | None:
    """Return the language asked for, as `lang` in an address; None for English."""
    return 'zh' if request.args.get('lang') == 'zh' else None


def t(english: str, chinese: str) -> str:
    """Choose between a text and its translation."""
    return chinese if language() == 'zh' else english

"""English, or Chinese where the address asks for it: `?lang=zh`."""

from quart import request


def language() -> str | None:
    """Return the language asked for, as `lang` in an address; None for English."""
    return 'zh' if request.args.get('lang') == 'zh' else None


def t(english: str, chinese: str) -> str:
    """Choose between a text and its translation."""
    return chinese if language() == 'zh' else english

"""The rule by which the page's language is chosen."""

import pytest
from quart import Quart

from quart_session_demo.playground.language import chosen_language, language, translate


@pytest.mark.parametrize(
    ('header', 'expected'),
    [
        ('zh', 'zh'),
        ('ZH-cn', 'zh'),
        ('zh-CN', 'zh'),
        ('zh_CN', 'zh'),
        ('zh-Hans-CN', 'zh'),
        ('zh-TW', 'zh'),
        ('zh-CN,zh;q=0.9,en;q=0.8', 'zh'),
        ('zh-CN, en;q=0.5', 'zh'),
        ('en;q=0.5,zh;q=0.9', 'zh'),
        ('de,zh;q=0.5', 'zh'),
        ('zh,en', 'zh'),
        ('zh;q=0.5,*;q=0.1', 'zh'),
        ('en;q=0,*', 'zh'),
        ('zh;q=0,zh-CN', 'zh'),
        ('en-US,en;q=0.9,zh-CN;q=0.8', 'en'),
        ('en-US;q=0.9,zh;q=0.5', 'en'),
        ('en,zh', 'en'),
        ('zh;q=0', 'en'),
        ('zh;q=0,*', 'en'),
        ('zh;q=0.5,*', 'en'),
        ('zh;q=2', 'en'),
        ('zh;q=nan', 'en'),
        ('*', 'en'),
        ('de', 'en'),
        ('zhx,x-zh', 'en'),
        (';;,=;q', 'en'),
        ('', 'en'),
    ],
)
async def test_accept_language_chooses(app: Quart, header: str, expected: str) -> None:
    """The language with the highest quality is used; others, and none, mean English."""
    async with app.test_request_context('/', headers={'Accept-Language': header}):
        assert language() == expected
        assert chosen_language() is None


@pytest.mark.parametrize(
    ('address', 'accepted', 'expected'),
    [
        ('/?lang=zh', 'en', 'zh'),
        ('/?lang=en', 'zh', 'en'),
        ('/?lang=zh&lang=en', 'en', 'zh'),
        ('/?lang=de', 'zh', None),
        ('/?lang=ZH', 'zh', None),
        ('/?lang=', 'zh', None),
    ],
)
async def test_address_overrides_accept_language(
    app: Quart, address: str, accepted: str, expected: str | None
) -> None:
    """`?lang=zh` and `?lang=en` are used; another `?lang=` is ignored."""
    async with app.test_request_context(address, headers={'Accept-Language': accepted}):
        assert chosen_language() == expected
        assert language() == (expected or accepted)
        assert translate('English', '中文') == ('中文' if language() == 'zh' else 'English')

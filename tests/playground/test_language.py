"""The page in English and in Chinese."""

import re

import pytest

from tests.playground.conftest import PAGE, PageUser, outcome, redirect_address

CHINESE = f'{PAGE}?lang=zh'


async def test_page_can_be_chinese(user: PageUser) -> None:
    """`?lang=zh` shows the page in Chinese, also after an action."""
    response = await user.post('lesson', address=CHINESE)

    text = await user.page(await redirect_address(response))
    assert '<html lang="zh-Hans">' in text
    for chinese in ('刚才发生了什么', '你现在的 session', '只签名，不加密', '读取和修改', '重放'):
        assert chinese in text
    assert 'action="/playground/?lang=zh"' in text


@pytest.mark.parametrize(
    ('status', 'action', 'shown'),
    [
        (400, 'fly', '>400 请求有误<'),
        (404, 'pop', '>404 未找到<'),
        (404, 'pop', '里没有这个键'),
        (409, 'character', '>409 冲突<'),
        (413, 'overflow', '>413 内容过大<'),
        (413, 'overflow', '字节，上限是 4093 字节。'),
    ],
)
async def test_errors_can_be_chinese(user: PageUser, status: int, action: str, shown: str) -> None:
    """`?lang=zh` shows the page's errors in Chinese, without an English text."""
    response = await user.post(action, address=CHINESE, key='x')

    assert response.status_code == status
    report = outcome(await response.get_data(as_text=True))
    assert shown in report
    assert 'lang="en"' not in report


async def test_werkzeugs_errors_are_marked_as_english(user: PageUser) -> None:
    """On the Chinese page an untranslated error is marked as English."""
    user.app.config['MAX_CONTENT_LENGTH'] = 10

    response = await user.post('set', address=CHINESE, key='key')

    assert response.status_code == 413
    report = outcome(await response.get_data(as_text=True))
    assert '>413 内容过大<' in report
    assert '<p lang="en">The data value' in report


async def test_english_page_marks_the_lessons_words(user: PageUser) -> None:
    """On the English page the lesson's Chinese words are marked as Chinese."""
    text = await user.page()

    assert '<html lang="en">' in text
    for chinese in ('设置', '获取', '删除 方式1', '删除 方式2', '删除 方式3', '有效期'):
        assert f'<span lang="zh-Hans">{chinese}</span>' in text
    unmarked = re.sub('<(span|a) [^>]*lang="zh-Hans"[^>]*>[^<]*</', '', text)
    assert re.findall('[\u4e00-\u9fff]', unmarked) == []

"""The page in English and in Chinese."""

import re
from collections.abc import Callable

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
    ('accepted', 'address', 'is_chinese'),
    [
        ('zh-CN,zh;q=0.9,en;q=0.8', PAGE, True),
        ('en-US,en;q=0.9,zh;q=0.8', PAGE, False),
        ('zh-CN,zh;q=0.9', f'{PAGE}?lang=en', False),
        ('en-US,en;q=0.9', CHINESE, True),
        ('zh-CN', f'{PAGE}?lang=fr', True),
    ],
)
async def test_browser_chooses_the_language(
    user: PageUser, accepted: str, address: str, is_chinese: bool
) -> None:
    """`Accept-Language` chooses the language, and `?lang=` wins, also after an action."""
    headers = {'Accept-Language': accepted}
    response = await user.post('lesson', address=address, headers=headers)
    outcome_address = await redirect_address(response)

    for page in (address, outcome_address):
        response = await user.client.get(page, headers=headers)

        assert 'Accept-Language' in response.vary
        text = await response.get_data(as_text=True)
        assert ('<html lang="zh-Hans">' in text) == is_chinese
        other = 'en' if is_chinese else 'zh'
        assert f'href="{PAGE}?lang={other}"' in text


@pytest.mark.parametrize(
    ('address', 'query'), [(PAGE, ''), (CHINESE, '?lang=zh'), (f'{PAGE}?lang=fr', '')]
)
async def test_forms_repeat_a_language_in_the_address_only(
    user: PageUser, address: str, query: str
) -> None:
    """The form's address has `?lang=` only if the page's own has it."""
    response = await user.client.get(address, headers={'Accept-Language': 'zh'})

    assert f'action="{PAGE}{query}"' in await response.get_data(as_text=True)


async def test_spaces_between_sentences_depend_on_the_language(user: PageUser) -> None:
    """English sentences have a space between them, and Chinese ones have none."""
    assert 'It is empty. <code>' in await user.page()
    assert '它是空的。<code>' in await user.page(CHINESE)


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


@pytest.mark.parametrize('store', ['cookie', 'memory'])
@pytest.mark.parametrize('action', [None, 'lesson', 'clear', 'character', 'pop', 'fly'])
async def test_english_page_has_no_chinese_words(
    make_user: Callable[..., PageUser], store: str, action: str | None
) -> None:
    """On the English page only the link to the Chinese page is Chinese."""
    user = make_user(SESSION_TYPE=store)
    await user.act('lesson')
    text = await user.page()
    if action:
        response = await user.client.post(
            PAGE, form={'do': action, 'key': 'missing'}, follow_redirects=True
        )
        text = await response.get_data(as_text=True)

    assert '<html lang="en">' in text
    others = re.sub('<a [^>]*lang="zh-Hans"[^>]*>中文</a>', '', text)
    assert re.findall('[\u4e00-\u9fff]', others) == []

from quart import Quart


async def test_index_sets_session(app: Quart) -> None:
    response = await app.test_client().get('/')

    assert await response.get_data(as_text=True) == '设置session成功'

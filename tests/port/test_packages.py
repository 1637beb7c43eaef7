"""`port` follows names through the modules of an app."""

from tests.port.porting import port, port_files

VIEWS = (
    'from flask import render_template\n'
    'from . import core\n'
    '\n'
    'def index():\n'
    "    return render_template('a.html') + core.helper()\n"
)
CORE = (
    'from shop import views\n'
    'from flask import render_template as render\n'
    '\n'
    'def helper():\n'
    "    return render('b.html')\n"
)


def test_calls_through_a_package_are_awaited() -> None:
    """Names that a package imports, also with `*`, are those of its modules."""
    ported = port_files(
        {
            'shop/__init__.py': 'from .views import index as first\nfrom .core import *\n',
            'shop/views.py': VIEWS,
            'shop/core.py': CORE,
            'main.py': (
                'import shop\n'
                'import shop.core as c\n'
                'from shop import first\n'
                '\n'
                'def a(): return shop.first(), first(), c.helper()\n'
                'def b(): return shop.helper()\n'
                'def c(): return shop.views.index()\n'
            ),
        }
    )
    assert ported['shop/views.py'] == (
        'from quart import render_template\n'
        'from . import core\n'
        '\n'
        'async def index():\n'
        "    return await render_template('a.html') + await core.helper()\n"
    )
    assert ported['main.py'].endswith(
        'async def a(): return await shop.first(), await first(), await c.helper()\n'
        'async def b(): return await shop.helper()\n'
        'async def c(): return await shop.views.index()\n'
    )


def test_modules_that_import_all_of_each_other() -> None:
    """Circular imports with `*` end."""
    ported = port_files(
        {
            'one.py': 'from two import *\nfrom flask import request\n\ndef a(): return b()\n',
            'two.py': 'from one import *\n\ndef b(): return request.form, unknown()\n',
        }
    )
    assert ported['one.py'].endswith('async def a(): return await b()\n')
    assert ported['two.py'].endswith('async def b(): return await request.form, unknown()\n')


def test_replaced_function_becomes_async_too() -> None:
    """What a test puts in the place of an async function is async."""
    ported = port_files(
        {
            'shop.py': (
                'from flask import render_template\n\ndef show(): return render_template("a")\n'
            ),
            'test_shop.py': (
                'import shop\n'
                '\n'
                'def fake(): return "a"\n'
                '\n'
                'def test_show(monkeypatch):\n'
                '    monkeypatch.setattr(shop, "show", fake)\n'
                '    assert shop.show() == "a"\n'
            ),
        }
    )
    assert ported['test_shop.py'].endswith(
        'async def fake(): return "a"\n'
        '\n'
        'async def test_show(monkeypatch):\n'
        '    monkeypatch.setattr(shop, "show", fake)\n'
        '    assert await shop.show() == "a"\n'
    )


def test_all_handlers_become_async() -> None:
    """On request, handlers that await nothing are async too; other functions are not."""
    source = (
        'from flask import Flask\n'
        '\n'
        'app = Flask(__name__)\n'
        '\n'
        '@app.get("/")\n'
        'def index(): return other()\n'
        '\n'
        'def other(): return "a"\n'
    )
    ported = port(source, all_handlers=True)
    assert 'async def index(): return other()\n' in ported
    assert '\ndef other(): return "a"\n' in ported

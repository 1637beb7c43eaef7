"""`port` makes the test cases of `unittest` asynchronous."""

import pytest

from tests.port.porting import port


@pytest.mark.parametrize(
    ('before', 'after'),
    [
        pytest.param(
            """\
import unittest
from flask import Flask

def create_app():
    return Flask(__name__)

class AppTest(unittest.TestCase):
    def setUp(self):
        self.app = create_app()
        self.context = self.app.app_context()
        self.context.push()
        self.client = self.app.test_client()

    def tearDown(self):
        self.context.pop()

    def login(self):
        return self.client.post('/login', data=dict(name='a'))

    def test_login(self):
        self.assertIn('a', self.login().get_data(as_text=True))
""",
            """\
import unittest
from quart import Quart

def create_app():
    return Quart(__name__)

class AppTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.app = create_app()
        self.context = self.app.app_context()
        await self.context.push()
        self.client = self.app.test_client()

    async def asyncTearDown(self):
        await self.context.pop()

    async def login(self):
        return await self.client.post('/login', form=dict(name='a'))

    async def test_login(self):
        self.assertIn('a', await (await self.login()).get_data(as_text=True))
""",
            id='setup',
        ),
        pytest.param(
            """\
from unittest import TestCase
from flask import Flask

class Base(TestCase):
    def setUp(self):
        self.client = Flask(__name__).test_client()
        self.client.get('/')

class AppTest(Base):
    def setUp(self):
        super().setUp()
        self.name = 'a'

    def test_index(self):
        self.client.get('/')
""",
            """\
from unittest import IsolatedAsyncioTestCase
from quart import Quart

class Base(IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.client = Quart(__name__).test_client()
        await self.client.get('/')

class AppTest(Base):
    async def asyncSetUp(self):
        await super().asyncSetUp()
        self.name = 'a'

    async def test_index(self):
        await self.client.get('/')
""",
            id='subclass',
        ),
        pytest.param(
            """\
import unittest

class AppTest(unittest.TestCase):
    def test_sum(self):
        self.assertEqual(1 + 1, 2)
""",
            """\
import unittest

class AppTest(unittest.TestCase):
    def test_sum(self):
        self.assertEqual(1 + 1, 2)
""",
            id='not_async',
        ),
    ],
)
def test_test_case_becomes_async(before: str, after: str) -> None:
    """`unittest` awaits the methods of an `IsolatedAsyncioTestCase`."""
    assert port(before, name='test_app.py') == after

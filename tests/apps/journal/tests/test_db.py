import sqlite3

import pytest
from journal.db import get_db


def test_get_close_db(app):
    with app.app_context():
        db = get_db()
        assert db is get_db()

    with pytest.raises(sqlite3.ProgrammingError, match='closed'):
        db.execute('SELECT 1')


def test_init_db_command(runner, monkeypatch):
    calls = []

    def fake_init_db():
        calls.append('init_db')

    monkeypatch.setattr('journal.db.init_db', fake_init_db)
    result = runner.invoke(args=['init-db'])
    assert 'Created' in result.output
    assert calls == ['init_db']

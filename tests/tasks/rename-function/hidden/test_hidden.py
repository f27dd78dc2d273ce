from pathlib import Path

import admin
import mail
import store


def test_renamed():
    assert store.get_user(1) == "Ann"
    assert mail.letter(2) == "Dear Bob,"
    assert admin.exists(1)
    for name in ("store.py", "mail.py", "admin.py"):
        assert "get_usr" not in Path(name).read_text()

from settings import load


def test_all():
    assert load() == {
        "server": {"host": "0.0.0.0", "timeout": "30", "retries": "3"},
        "log": {"level": "WARNING", "file": "app.log"},
        "cache": {"enabled": "yes", "size": "500"},
    }

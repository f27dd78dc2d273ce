from server import load


def test_settings():
    assert load() == {"host": "localhost", "port": 443, "debug": False, "workers": 8}

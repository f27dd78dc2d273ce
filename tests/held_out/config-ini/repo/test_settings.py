from settings import load


def test_settings():
    settings = load()
    assert settings["server"]["host"] == "0.0.0.0"
    assert int(settings["server"]["timeout"]) > 0

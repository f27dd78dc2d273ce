from retrying import logged


def test_logged(capsys):
    assert logged(len)("abc") == 3
    assert capsys.readouterr().out == "len\n"

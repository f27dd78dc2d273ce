from pathlib import Path

from fields import join_line, split_line


def test_more():
    assert split_line("") == [""]
    assert split_line('"",a') == ["", "a"]
    assert split_line('"a,b","c,d"') == ["a,b", "c,d"]
    for fields in (['"'], [",", ""], ['a"', '"b,'], ["x"]):
        assert split_line(join_line(fields)) == fields
    assert "import csv" not in Path("fields.py").read_text()

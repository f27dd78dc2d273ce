from table import format_table


def test_narrow_header():
    printed = format_table([["strawberry", "3"], ["fig", "1200"]], ["name", "qty"])
    assert printed.splitlines() == [
        "name        qty",
        "----------  ----",
        "strawberry  3",
        "fig         1200",
    ]


def test_wide_header():
    rows = [["a", "b", "c"]]
    printed = format_table(rows, header=["first", "x", "third"])
    assert printed.splitlines() == [
        "first  x  third",
        "-----  -  -----",
        "a      b  c",
    ]
    assert rows == [["a", "b", "c"]]


def test_without():
    assert format_table([["pear", "3"], ["fig", "12"]]) == "pear  3\nfig   12"
    assert format_table([["a"]], None) == "a"

from table import format_table


def test_columns_are_aligned():
    assert format_table([["pear", "3"], ["fig", "12"]]) == "pear  3\nfig   12"


def test_no_rows():
    assert format_table([]) == ""

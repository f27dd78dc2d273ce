from fields import join_line, split_line


def test_plain():
    assert split_line("a,b,,c") == ["a", "b", "", "c"]


def test_comma_in_quotes():
    assert split_line('a,"b,c",d') == ["a", "b,c", "d"]


def test_quote_in_quotes():
    assert split_line('"say ""hi""",x') == ['say "hi"', "x"]


def test_there_and_back():
    fields = ["1", "a,b", 'c"d', ""]
    assert split_line(join_line(fields)) == fields

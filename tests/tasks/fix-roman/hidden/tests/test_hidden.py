from roman import from_roman, to_roman


def test_all_numbers():
    for number in range(1, 4000):
        written = to_roman(number)
        assert from_roman(written) == number
        assert not any(sign * 4 in written for sign in "IXCM")
        assert not any(sign * 2 in written for sign in "VLD")

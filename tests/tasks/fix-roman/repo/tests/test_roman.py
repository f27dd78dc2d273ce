import pytest

from roman import from_roman, to_roman


@pytest.mark.parametrize(("number", "written"), [(3, "III"), (4, "IV"), (9, "IX"), (40, "XL"), (1994, "MCMXCIV")])
def test_there_and_back(number, written):
    assert to_roman(number) == written
    assert from_roman(written) == number


def test_out_of_range():
    with pytest.raises(ValueError):
        to_roman(0)

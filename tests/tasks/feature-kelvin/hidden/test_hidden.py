import pytest

from temperature import celsius_to_fahrenheit, celsius_to_kelvin, kelvin_to_celsius


def test_kelvin():
    assert celsius_to_kelvin(0) == 273.15
    assert celsius_to_kelvin(-273.15) == 0
    assert kelvin_to_celsius(0) == -273.15
    assert kelvin_to_celsius(300.1) == 26.95
    for convert, degrees in ((celsius_to_kelvin, -273.16), (kelvin_to_celsius, -0.01)):
        with pytest.raises(ValueError):
            convert(degrees)
    assert celsius_to_fahrenheit(100) == 212

from temperature import celsius_to_fahrenheit, fahrenheit_to_celsius


def test_fahrenheit():
    assert celsius_to_fahrenheit(100) == 212
    assert fahrenheit_to_celsius(32) == 0

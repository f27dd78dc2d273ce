"""Conversions between scales of temperature."""


def celsius_to_fahrenheit(degrees):
    return round(degrees * 9 / 5 + 32, 2)


def fahrenheit_to_celsius(degrees):
    return round((degrees - 32) * 5 / 9, 2)


def celsius_to_kelvin(degrees):
    if degrees < -273.15:
        raise ValueError("below absolute zero")
    return round(degrees + 273.15, 2)


def kelvin_to_celsius(degrees):
    if degrees < 0:
        raise ValueError("below absolute zero")
    return round(degrees - 273.15, 2)

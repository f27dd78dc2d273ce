"""Bills in a restaurant, all amounts in cents."""


def with_tip(cents, percent):
    """The amount with a tip, rounded to whole cents."""
    return cents + round(cents * percent / 100)


def split_bill(cents, people):
    """What each of the people pays, as a list."""
    if people < 1:
        raise ValueError("nobody to pay")
    share = cents // people
    return [share] * people


def show(cents):
    return f"{cents // 100}.{cents % 100:02d}"

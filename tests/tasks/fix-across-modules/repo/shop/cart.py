"""What somebody wants to buy."""

from shop.discounts import discounted


class Cart:
    def __init__(self):
        self.items = []

    def add(self, item):
        self.items.append(item)

    def total(self):
        """What is to be paid, in cents, discounts taken off."""
        return discounted(sum(item.cents * item.count for item in self.items))

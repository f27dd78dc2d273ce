"""A basket of things."""


class Basket:
    def __init__(self, owner, things=()):
        self.owner = owner
        self.things = list(things)

    def put(self, thing):
        self.things.append(thing)

    def __len__(self):
        return len(self.things)

from basket import Basket


def test_baskets_are_their_owners():
    first, second = Basket("Ann"), Basket("Bob")
    first.put("apple")
    assert len(first) == 1
    assert len(second) == 0

from basket import Basket


def test_given_things():
    assert Basket("Ann", ["pear"]).things == ["pear"]
    one = Basket("Bob")
    one.put("fig")
    assert Basket("Cid").things == []
    assert one.owner == "Bob"

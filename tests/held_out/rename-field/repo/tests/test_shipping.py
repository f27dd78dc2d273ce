from shipping.label import make_label, read_label
from shipping.parcel import Parcel
from shipping.postage import postage, total_weight


def test_postage():
    assert postage(Parcel("Ann", 1.5)) == 499
    assert postage(Parcel("Ann", 12, True)) == 1949
    assert total_weight([Parcel("Ann", 1), Parcel("Bob", 2)]) == 3


def test_label():
    parcel = Parcel("Bob", 2.5, True)
    assert make_label(parcel) == "Bob | 2.5 kg FRAGILE"
    assert read_label(make_label(parcel)) == parcel

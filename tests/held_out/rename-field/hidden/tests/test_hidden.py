import dataclasses
import re
from pathlib import Path

import pytest

from shipping.label import make_label, read_label
from shipping.parcel import Parcel
from shipping.postage import postage, total_weight


def test_renamed():
    assert [field.name for field in dataclasses.fields(Parcel)] == ["receiver", "weight_kg", "fragile"]
    for file in Path("shipping").glob("*.py"):
        assert not re.search(r"\bwt\b", file.read_text()), file


def test_works():
    parcel = Parcel(receiver="Eve", weight_kg=7.0)
    assert parcel.weight_kg == 7.0
    assert postage(parcel) == 949
    assert postage(Parcel("Eve", weight_kg=2)) == 499
    assert make_label(parcel) == "Eve | 7.0 kg"
    assert read_label("Eve | 7.0 kg") == parcel
    assert total_weight([parcel, parcel]) == 14
    with pytest.raises(ValueError):
        Parcel("Eve", 0)

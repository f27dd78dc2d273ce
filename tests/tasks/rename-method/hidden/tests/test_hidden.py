from pathlib import Path

from billing.invoice import Invoice
from billing.summary import largest, turnover


def test_renamed():
    one = Invoice([(2, 3)])
    assert one.total() == 6
    assert not hasattr(one, "calc")
    assert turnover([one, one]) == 12
    assert largest([one]) is one
    assert not one.is_free()
    assert "calc" not in Path("billing/summary.py").read_text()

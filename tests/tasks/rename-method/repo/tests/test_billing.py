from billing.invoice import Invoice
from billing.summary import largest, turnover


def test_billing():
    small, large = Invoice([(1, 2)]), Invoice([(5, 2), (1, 1)])
    assert turnover([small, large]) == 13
    assert largest([small, large]) is large
    assert Invoice([]).is_free()

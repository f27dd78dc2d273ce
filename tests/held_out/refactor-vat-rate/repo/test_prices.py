import cart
import quote
import refund


def test_prices():
    assert cart.total([1000, 500]) == 1785
    assert quote.lines("Desk", 200)[2] == "Total: 238 cents"
    assert refund.net_of(1190) == 1000
    assert refund.vat_of(1190) == 190

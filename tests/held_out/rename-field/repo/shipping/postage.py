"""What it costs to send a parcel, in cents."""

from shipping.parcel import Parcel


def postage(parcel: Parcel) -> int:
    if parcel.wt <= 2:
        price = 499
    elif parcel.wt <= 10:
        price = 949
    else:
        price = 1649
    return price + 300 if parcel.fragile else price


def total_weight(parcels) -> float:
    return sum(parcel.wt for parcel in parcels)

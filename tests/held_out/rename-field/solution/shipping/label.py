"""Labels to be printed, and read again."""

from shipping.parcel import Parcel


def make_label(parcel: Parcel) -> str:
    mark = " FRAGILE" if parcel.fragile else ""
    return f"{parcel.receiver} | {parcel.weight_kg} kg{mark}"


def read_label(label: str) -> Parcel:
    receiver, rest = label.split(" | ")
    number = rest.split(" ")[0]
    return Parcel(receiver=receiver, weight_kg=float(number), fragile=rest.endswith("FRAGILE"))

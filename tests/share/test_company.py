"""Who may do what: the rules by themselves."""

from __future__ import annotations

import pytest

from oci_tui.core.company import Participant, ParticipantJoined, Role, RoleChanged
from oci_tui.core.errors import ShareError
from oci_tui.share.company import LONGEST_NAME, MOST_WAITING, Company


def come(company: Company, name: str, role: Role | None = None, *, guest: bool = False) -> Participant:
    return company.join(name, role, guest=guest)[0]


def role_of(company: Company, participant: Participant) -> str:
    return company.participants[participant.number].role


def test_there_is_one_driver_at_most() -> None:
    company = Company()
    first = come(company, "anna")
    second = come(company, "anna")
    assert (first.role, second.role, second.name) == ("driver", "navigator", "anna-2")
    third, events = company.join("anna", "driver", guest=False)
    assert third.name == "anna-3"
    assert [type(event) for event in events] == [RoleChanged, ParticipantJoined]
    assert role_of(company, first) == "navigator"
    wanted: list[tuple[Participant, Participant, Role]]
    wanted = [(second, second, "driver"), (second, first, "driver"), (second, third, "observer")]
    for by, meant, role in wanted:
        with pytest.raises(ShareError, match=r"anna-3 drives: ask for /hand anna-2; .*attach --role driver`"):
            company.appoint(by.number, meant.number, role)
    assert role_of(company, third) == "driver", "the wheel is not taken from who is there"
    company.appoint(third.number, second.number, "driver")
    assert [role_of(company, there) for there in (first, second, third)] == ["navigator", "driver", "navigator"]
    assert company.appoint(second.number, second.number, "driver") == []
    company.leave(second.number)
    assert company.driver is None
    assert come(company, "anna").role == "driver"


def test_names_are_harmless_short_and_distinct() -> None:
    company = Company()
    assert come(company, "\x1b[31mred\n now").name == "␛[31mred␊-now"
    assert come(company, "").name == "somebody"
    assert len(come(company, "x" * 1000).name) == LONGEST_NAME


def test_a_guest_drives_only_by_a_drivers_word() -> None:
    company = Company()
    guest = come(company, "gus", guest=True)
    assert guest.role == "navigator"
    with pytest.raises(ShareError, match="a guest comes as navigator"):
        come(company, "gina", "driver", guest=True)
    with pytest.raises(ShareError, match="only the driver or the owner can make gus driver"):
        company.appoint(guest.number, guest.number, "driver")
    owner = come(company, "anna")
    with pytest.raises(ShareError, match="can make anna observer"):
        company.appoint(guest.number, owner.number, "observer")
    company.appoint(owner.number, guest.number, "driver")
    assert (role_of(company, guest), role_of(company, owner)) == ("driver", "navigator")
    with pytest.raises(ShareError, match="gus drives"):
        company.appoint(owner.number, owner.number, "driver")
    come(company, "anna", "driver")
    assert role_of(company, guest) == "navigator", "the owner who comes as driver takes it back at any time"


def test_who_only_looks_is_let_in_by_another() -> None:
    company = Company()
    owner, guest = come(company, "anna"), come(company, "gus", "observer", guest=True)
    with pytest.raises(ShareError):
        company.appoint(guest.number, guest.number, "navigator")
    company.appoint(owner.number, guest.number, "navigator")
    company.appoint(guest.number, guest.number, "observer")
    assert role_of(company, guest) == "observer"
    with pytest.raises(ShareError, match="nobody here has the number 77"):
        company.appoint(owner.number, 77, "observer")


def test_suggestions_are_the_drivers_to_settle_and_bounded() -> None:
    company = Company()
    owner, guest = come(company, "anna"), come(company, "gus", guest=True)
    other = come(company, "gina", guest=True)
    for number in range(MOST_WAITING):
        company.suggest(guest.number, f"do {number}")
    with pytest.raises(ShareError, match="suggestions wait already"):
        company.suggest(guest.number, "one more")
    with pytest.raises(ShareError, match="only the driver"):
        company.settle(guest.number, 1, taken=True)
    with pytest.raises(ShareError, match="only the driver"):
        company.settle(other.number, 1, taken=False)
    company.settle(guest.number, 1, taken=False)
    company.settle(owner.number, 2, taken=True)
    with pytest.raises(ShareError, match="no suggestion 2 waits"):
        company.settle(owner.number, 2, taken=True)
    with pytest.raises(ShareError, match="at most"):
        company.suggest(guest.number, "x" * 70_000)
    assert [made.number for made in company.now().suggestions] == list(range(3, MOST_WAITING + 1))

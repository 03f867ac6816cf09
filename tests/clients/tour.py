"""README's tour, by a client that openapi-python-client generated from /docs.json.

Called by .ci/clients. Fails at the first answer that is not as README says.
"""

import os
import sys
from uuid import uuid4

sys.path.insert(0, os.environ["GENERATED"])
from ticketboss import AuthenticatedClient
from ticketboss.api.events import create_event, summarize_event
from ticketboss.api.reservations import (
    cancel_reservation,
    reserve_seats,
    reserve_seats_by_event_id,
    show_reservation,
)
from ticketboss.models import NewEvent, Order


def client(address, key="TICKETBOSS_KEY"):
    return AuthenticatedClient(base_url=os.environ[address], token=os.environ[key])


def see(what, answer, status):
    print(f"{what}: {int(answer.status_code)} {answer.parsed and answer.parsed.to_dict()}")
    assert answer.status_code == status, answer
    return answer.parsed


def tour(partner, organiser):
    key, order = str(uuid4()), Order(seats=3, partner_reference="order-1042")
    made = see("reserve", reserve_seats.sync_detailed(client=partner, body=order, idempotency_key=key), 201)
    assert (made.seats, made.status) == (3, "confirmed")

    again = reserve_seats.sync_detailed(client=partner, body=order, idempotency_key=key)
    assert see("retry", again, 201) == made
    assert again.headers["Idempotency-Replayed"] == "true"

    shown = show_reservation.sync_detailed(made.reservation_id, client=partner)
    assert see("show", shown, 200) == made
    same = show_reservation.sync_detailed(made.reservation_id, client=partner, if_none_match=shown.headers["ETag"])
    see("show what is known", same, 304)

    event = see("summarize", summarize_event.sync_detailed(client=partner), 200)
    assert event.available_seats + event.reserved_seats == event.total_seats

    see("cancel", cancel_reservation.sync_detailed(made.reservation_id, client=partner), 204)
    gone = see("cancel again", cancel_reservation.sync_detailed(made.reservation_id, client=partner), 404)
    assert (gone.code, gone.retryable) == ("reservation-not-found", False)

    night = NewEvent(event_id=f"night-{uuid4()}", name="Rust Night", total_seats=2)
    see("create an event", create_event.sync_detailed(client=organiser, body=night), 201)
    refused = reserve_seats_by_event_id.sync_detailed(night.event_id, client=partner, body=Order(seats=3))
    refused = see("reserve too many", refused, 409)
    assert (refused.code, refused.available_seats) == ("not-enough-seats", 2)

    invalid = see("reserve eleven", reserve_seats.sync_detailed(client=partner, body=Order(seats=11)), 400)
    assert invalid.errors[0].pointer == "#/seats"


def later_version(partner):
    held = see("show, in a later version", show_reservation.sync_detailed(uuid4(), client=partner), 200)
    assert held.status == "held"
    paused = see("summarize, in a later version", summarize_event.sync_detailed(client=partner), 200)
    assert paused.status == "paused"
    refused = reserve_seats.sync_detailed(client=partner, body=Order(seats=1))
    refused = see("reserve, in a later version", refused, 400)
    assert (refused.code, refused.errors[0].code) == ("basket-full", "forbidden")


tour(client("TICKETBOSS_URL"), client("TICKETBOSS_URL", "TICKETBOSS_ORGANISER_KEY"))
later_version(client("LATER_VERSION_URL"))

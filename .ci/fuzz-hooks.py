"""What OpenAPI cannot say of a body, said to schemathesis: see "Requests" in openapi.yaml."""

import unicodedata

import schemathesis

INVISIBLE = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}
TIMES = ["endsAt", "salesOpenAt", "salesCloseAt"]
OPTIONAL = ["partnerId", "partnerReference", "eventId", "hold", "status", "maxSeatsPerOrder", *TIMES]


@schemathesis.hook
def filter_case(context, case):
    """Leaves out bodies that the schema judges otherwise than the contract's words do: an optional
    member that is null counts as left out, an invisible character is refused, and so is a time before
    1970, or the end of a sale before its beginning, which a schema cannot say. A change must name
    something; in that of an event, null takes a time or a bound away. A cursor comes from an answer."""
    query = case.query or {}
    if "cursor" in query or is_unseen(query.get("partnerReference")):
        return False
    body = case.body
    if not isinstance(body, dict):
        return True
    if case.method == "PATCH" and case.path == "/events/{eventId}":
        removable = ["maxSeatsPerOrder", *TIMES]
        named = any(body.get(member) for member in ["name", "status", *removable])
        may_be_null = any(body.get(member, "") is None for member in ["name", "status"])
        return named and not may_be_null and "totalSeats" not in body and is_judged_alike(body)
    if any(body.get(member, "") is None for member in OPTIONAL):
        return False
    if case.method == "PATCH":
        if "seats" in body and body["seats"] is None:
            return False
        if not any(body.get(member) for member in ["seats", "partnerReference"]):
            return False
    return is_judged_alike(body)


def is_judged_alike(body):
    """Whether its times and texts are nothing that a schema cannot tell."""
    for time in (body.get(name) for name in TIMES):
        if isinstance(time, str) and time[:4].isdigit() and time[:4] <= "1970":
            return False
    if body.get("salesOpenAt") and body.get("salesCloseAt"):
        return False
    return not any(is_unseen(body.get(name)) for name in ["partnerReference", "name"])


def is_unseen(text):
    """Whether it has a character that nobody sees."""
    return isinstance(text, str) and any(
        unicodedata.category(letter) in INVISIBLE for letter in text
    )

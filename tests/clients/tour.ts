// README's tour, by openapi-fetch with the types that openapi-typescript generated from /docs.json.
// Called by .ci/clients. Fails to compile, or at the first answer that is not as README says.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import createClient from "openapi-fetch";
import type { components, paths } from "./ticketboss.js";

type Problem = components["schemas"]["Problem"];
type Answer<T> = { data?: T; error?: Problem; response: Response };

const { LATER_VERSION_URL, TICKETBOSS_KEY, TICKETBOSS_ORGANISER_KEY, TICKETBOSS_URL } = process.env;

function client(baseUrl: string | undefined, key: string | undefined) {
  return createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${key}` } });
}

function see<T>(what: string, { data, error, response }: Answer<T>, status: number): T {
  console.log(`${what}: ${response.status}`, JSON.stringify(data ?? error));
  assert.equal(response.status, status);
  return data as T;
}

function refusal<T>(what: string, answer: Answer<T>, status: number): Problem {
  see(what, answer, status);
  assert(answer.error);
  return answer.error;
}

const partner = client(TICKETBOSS_URL, TICKETBOSS_KEY);
const organiser = client(TICKETBOSS_URL, TICKETBOSS_ORGANISER_KEY);
const later = client(LATER_VERSION_URL, TICKETBOSS_KEY);

const order = {
  params: { header: { "Idempotency-Key": randomUUID() } },
  body: { seats: 3, partnerReference: "order-1042" },
};
const made = see("reserve", await partner.POST("/reservations", order), 201);
assert.deepEqual([made.seats, made.status], [3, "confirmed"]);

const again = await partner.POST("/reservations", order);
assert.deepEqual(see("retry", again, 201), made);
assert.equal(again.response.headers.get("Idempotency-Replayed"), "true");

const path = { reservationId: made.reservationId };
const shown = await partner.GET("/reservations/{reservationId}", { params: { path } });
assert.deepEqual(see("show", shown, 200), made);
const header = { "If-None-Match": shown.response.headers.get("ETag") ?? "" };
const same = await partner.GET("/reservations/{reservationId}", { params: { path, header } });
see("show what is known", same, 304);

const event = see("summarize", await partner.GET("/reservations"), 200);
assert.equal(event.availableSeats + event.reservedSeats, event.totalSeats);

see("cancel", await partner.DELETE("/reservations/{reservationId}", { params: { path } }), 204);
const twice = await partner.DELETE("/reservations/{reservationId}", { params: { path } });
const gone = refusal("cancel again", twice, 404);
assert.deepEqual([gone.code, gone.retryable], ["reservation-not-found", false]);

const eventId = `night-${randomUUID()}`;
const night = { body: { eventId, name: "Rust Night", totalSeats: 2 } };
see("create an event", await organiser.POST("/events", night), 201);
const tooMany = await partner.POST("/events/{eventId}/reservations", {
  params: { path: { eventId } },
  body: { seats: 3 },
});
const refused = refusal("reserve too many", tooMany, 409);
assert.deepEqual([refused.code, refused.availableSeats], ["not-enough-seats", 2]);

const eleven = refusal("reserve eleven", await partner.POST("/reservations", { body: { seats: 11 } }), 400);
assert.equal(eleven.errors?.[0]?.pointer, "#/seats");

const unknown = { params: { path: { reservationId: randomUUID() } } };
const held = await later.GET("/reservations/{reservationId}", unknown);
assert.equal(see("show, in a later version", held, 200).status, "held");
const paused = see("summarize, in a later version", await later.GET("/reservations"), 200);
assert.equal(paused.status, "paused");
const fuller = await later.POST("/reservations", { body: { seats: 1 } });
const full = refusal("reserve, in a later version", fuller, 400);
assert.deepEqual([full.code, full.errors?.[0]?.code], ["basket-full", "forbidden"]);

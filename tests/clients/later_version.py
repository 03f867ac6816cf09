"""A TicketBoss of a later version: it answers with members, codes and states that today's contract
does not have, as the contract says it may. Prints its port, then serves until it is ended."""

import json
from http.server import BaseHTTPRequestHandler, HTTPServer

RESERVATION = {
    "reservationId": "000729b1-f35c-8e8d-9a6b-3f2d8c7e1a90",
    "seats": 3,
    "status": "held",
    "holdExpiresAt": "2026-11-23T10:30:00.000Z",
    "eventId": "node-meetup-2025",
    "partnerId": "abc-corp",
    "createdAt": "2026-11-23T10:15:30.123Z",
    "version": 14,
}
SUMMARY = {
    "eventId": "node-meetup-2025",
    "name": "Node.js Meet-up",
    "totalSeats": 500,
    "availableSeats": 42,
    "reservationCount": 211,
    "version": 458,
    "reservedSeats": 448,
    "heldSeats": 10,
    "status": "paused",
    "pausedBy": "an-organiser",
}
PROBLEM = {
    "type": "https://ticketboss.example/problems/basket-full",
    "title": "Basket full",
    "status": 400,
    "detail": "A basket holds 20 seats.",
    "code": "basket-full",
    "error": "Basket full",
    "requestId": "5f0c2d9e-7a41-4c1b-9d0e-2b8f6a3c1e47",
    "retryable": False,
    "errors": [{"pointer": "#/seats", "detail": "one fewer", "code": "forbidden", "line": 1}],
}


class LaterVersion(BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(200, SUMMARY if self.path.endswith("/reservations") else RESERVATION)

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(400, PROBLEM)

    def answer(self, status, body):
        kind = "application/json" if status < 400 else "application/problem+json"
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


server = HTTPServer(("127.0.0.1", 0), LaterVersion)
print(server.server_port, flush=True)
server.serve_forever()

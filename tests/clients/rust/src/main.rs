//! README's tour, by a client that progenitor generates from /docs.json as `.ci/clients` saved it.
//! Fails to compile, or at the first answer that is not as README says.

use std::env;
use std::fmt::Debug;

use futures::TryStreamExt;
use reqwest::header::{AUTHORIZATION, ETAG, HeaderMap};
use ticketboss::types::{NewEvent, Order, Problem};
use ticketboss::{ByteStream, Client, Error, ResponseValue};
use uuid::Uuid;

mod ticketboss {
    progenitor::generate_api!("docs.json");
}

type Answer<T> = Result<ResponseValue<T>, Error<ByteStream>>;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let partner = client("TICKETBOSS_URL", "TICKETBOSS_KEY");
    let organiser = client("TICKETBOSS_URL", "TICKETBOSS_ORGANISER_KEY");
    sell(&partner).await;
    refuse(&partner, &organiser).await;
    meet_a_later_version(&client("LATER_VERSION_URL", "TICKETBOSS_KEY")).await;
}

async fn sell(partner: &Client) {
    let key = Uuid::new_v4().to_string().parse().expect("a key");
    let order =
        Order { partner_reference: Some("order-1042".parse().expect("a reference")), ..seats(3) };
    let made = see("reserve", partner.reserve_seats(Some(&key), &order).await, 201);
    assert_eq!((made.seats.get(), made.status.as_str()), (3, "confirmed"));
    let id = made.reservation_id;

    let again = see("retry", partner.reserve_seats(Some(&key), &order).await, 201);
    assert_eq!(again.reservation_id, id);
    assert_eq!(again.headers()["Idempotency-Replayed"], "true");

    let shown = see("show", partner.show_reservation(&id, None).await, 200);
    assert_eq!(shown.version, made.version);
    let tag = shown.headers()[ETAG].to_str().expect("a tag");
    match partner.show_reservation(&id, Some(tag)).await {
        Err(Error::UnexpectedResponse(same)) => assert_eq!(same.status(), 304),
        other => panic!("show what is known: {other:?}"),
    }

    let event = see("summarize", partner.summarize_event(None).await, 200);
    let (free, sold) = (event.available_seats, event.reserved_seats);
    assert_eq!(u64::try_from(free + sold), Ok(event.total_seats.get()));

    let events = see("list events", partner.list_events(None, None).await, 200);
    assert!(events.events.iter().any(|one| one.event_id == made.event_id));

    see("cancel", partner.cancel_reservation(&id, None, None).await, 204);
    let twice = partner.cancel_reservation(&id, None, None).await;
    let gone = refusal("cancel again", twice, 404).await;
    assert_eq!((gone.code.as_str(), gone.retryable), ("reservation-not-found", false));
}

async fn refuse(partner: &Client, organiser: &Client) {
    let event_id = format!("night-{}", Uuid::new_v4()).parse().expect("an id");
    let night = NewEvent {
        event_id: Some(event_id),
        name: "Rust Night".parse().expect("a name"),
        total_seats: 2.try_into().expect("seats"),
        ends_at: None,
        status: None,
        sales_open_at: None,
        sales_close_at: None,
        max_seats_per_order: None,
    };
    let night = see("create an event", organiser.create_event(None, &night).await, 201);
    let event_id = night.event_id.parse().expect("an id");
    let too_many = partner.reserve_seats_by_event_id(&event_id, None, &seats(3)).await;
    let refused = refusal("reserve too many", too_many, 409).await;
    assert_eq!((refused.code.as_str(), refused.available_seats), ("not-enough-seats", Some(2)));

    let eleven = partner.reserve_seats(None, &seats(11)).await;
    let invalid = refusal("reserve eleven", eleven, 400).await;
    assert_eq!(invalid.errors[0].pointer, "#/seats");
}

async fn meet_a_later_version(later: &Client) {
    let held = later.show_reservation(&Uuid::new_v4(), None).await;
    assert_eq!(see("show, in a later version", held, 200).status, "held");
    let paused = see("summarize, in a later version", later.summarize_event(None).await, 200);
    assert_eq!(paused.status, "paused");
    let full = later.reserve_seats(None, &seats(1)).await;
    let full = refusal("reserve, in a later version", full, 400).await;
    assert_eq!((full.code.as_str(), full.errors[0].code.as_str()), ("basket-full", "forbidden"));
}

fn client(address: &str, key: &str) -> Client {
    let of = |name| env::var(name).unwrap_or_else(|_| panic!("{name} is set by .ci/clients"));
    let bearer = format!("Bearer {}", of(key)).parse().expect("a key is plain ASCII");
    let headers = HeaderMap::from_iter([(AUTHORIZATION, bearer)]);
    let http = reqwest::Client::builder().default_headers(headers).build().expect("a client");
    Client::new_with_client(&of(address), http)
}

fn seats(count: u64) -> Order {
    let seats = count.try_into().expect("a number of seats");
    Order { seats, partner_id: None, partner_reference: None, hold: None }
}

fn see<T: Debug>(what: &str, answer: Answer<T>, status: u16) -> ResponseValue<T> {
    let answer = answer.unwrap_or_else(|refused| panic!("{what}: {refused:?}"));
    println!("{what}: {} {:?}", answer.status().as_u16(), answer.as_ref());
    assert_eq!(answer.status().as_u16(), status);
    answer
}

/// The problem of a refusal. progenitor hands on `application/problem+json` as it came.
async fn refusal<T: Debug>(what: &str, answer: Answer<T>, status: u16) -> Problem {
    let Err(Error::ErrorResponse(refused)) = answer else { panic!("{what}: {answer:?}") };
    assert_eq!(refused.status().as_u16(), status);
    let body: Vec<_> = refused.into_inner_stream().try_collect().await.expect("a body");
    let problem = serde_json::from_slice(&body.concat()).expect("a problem");
    println!("{what}: {status} {problem:?}");
    problem
}

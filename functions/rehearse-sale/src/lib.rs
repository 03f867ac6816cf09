//! The rehearsal, every minute: can a partner buy a seat and give it back?
//!
//! It goes the way of every order, from outside: through the gateway, the authorizer and the
//! functions, with an access key that is made for it and taken away again. An alarm in
//! template.yaml rings when no rehearsal has gone well for some minutes.

use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;
use shared::access::{AccessToken, Caller, Role};
use shared::boot::{clock, random};
use shared::config::Stage;
use shared::dynamo::{AccessError, DynamoStore};
use shared::text::PartnerId;

mod call;

use call::{Call, Failed, Front};

/// Whose key it is: a name that nobody else has, since all its keys are taken away, the one that is
/// made and those that earlier rehearsals left behind.
const NAME: &str = "ticketboss-rehearsal";

/// Each rehearsal that breaks off between a sale and its end costs one of these.
const SEATS: u32 = 500;

/// Why a rehearsal did not go well.
#[derive(Debug, thiserror::Error)]
pub enum RehearsalError {
    /// It could not get a key, or could not give it back.
    #[error("the table did not take or drop the rehearsal's key")]
    Key(#[from] AccessError),
    /// The API did not do what its contract says.
    #[error(transparent)]
    Call(#[from] Failed),
}

/// Sells a seat of the rehearsal's event, looks at it, and gives it back.
///
/// # Errors
///
/// [`RehearsalError`] names the first step that went wrong. A seat that was sold until then is
/// given back if it can be.
pub async fn rehearse_sale(store: &DynamoStore, stage: &Stage) -> Result<(), RehearsalError> {
    let id: PartnerId = NAME.parse().expect("it is a partner's id");
    let forget = async || match store.revoke_partner(&id, None).await {
        Err(AccessError::PartnerUnknown(_)) | Ok(()) => Ok(()),
        Err(other) => Err(other),
    };
    forget().await?;
    let token = AccessToken::of_random(random());
    // Its role may create the event, too.
    let caller = Caller { id: id.clone(), role: Role::Organiser };
    store.add_partner(&caller, &token, clock()).await?;

    let rehearsed = rehearse(&Front::of(&stage.url, &token), stage.event.as_str()).await;
    let forgotten = forget().await;
    rehearsed?;
    Ok(forgotten?)
}

async fn rehearse(front: &Front, event: &str) -> Result<(), Failed> {
    let event_path = format!("/events/{event}");
    let show = Call::new("show the event", Method::GET, &event_path);
    front.expect(show.without_key(), StatusCode::UNAUTHORIZED).await?;
    if front.send(&show).await?.status() == StatusCode::NOT_FOUND {
        let event = json!({"eventId": event, "name": "Rehearsal", "totalSeats": SEATS});
        let create = Call::new("create the event", Method::POST, "/events").body(event);
        front.expect(create, StatusCode::CREATED).await?;
    }

    // Whoever gets no answer asks again, with the same key, and is told of the same reservation.
    let orders = format!("{event_path}/reservations");
    let order = Call::new("reserve a seat", Method::POST, &orders)
        .body(json!({"seats": 1}))
        .header("Idempotency-Key", AccessToken::of_random(random()).hash());
    let sold = front.read(&order, StatusCode::CREATED).await?;
    let path = format!("{orders}/{}", sold.reservation_id);
    let show = Call::new("show the reservation", Method::GET, &path);
    let looked = async {
        front.read_same(&order, StatusCode::CREATED, &sold).await?;
        front.read_same(&show, StatusCode::OK, &sold).await
    };
    let looked = looked.await;
    let cancel = Call::new("cancel the reservation", Method::DELETE, &path);
    front.expect(cancel, StatusCode::NO_CONTENT).await?;
    looked?;

    let cancelled = Reservation { status: "cancelled".to_owned(), ..sold };
    front.read_same(&show, StatusCode::OK, &cancelled).await
}

/// A reservation, as far as a rehearsal looks at it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reservation {
    reservation_id: String,
    seats: u32,
    status: String,
}

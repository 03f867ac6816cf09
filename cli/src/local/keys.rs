//! What a fresh stack has to offer: the default event, and the keys to try it with.

use shared::access::{AccessToken, Caller, Role};
use shared::boot::{clock, random};
use shared::config::DEFAULT_EVENT_ID;
use shared::creation::create_event;
use shared::dynamo::{AccessError, DynamoStore};
use shared::event::{Event, TotalSeats};
use shared::mark::RequestMark;
use shared::problem::Problem;
use shared::store::StoreError;

use super::Settings;

/// The partner who gets a key if none is named.
const PARTNER: &str = "abc-corp";
/// The organiser.
const ORGANISER: &str = "organiser";

/// Every start with `--data` leaves a random key, and all still work. After so many no more are
/// made: a partner's keys are bounded, and there must be room for those that are asked for.
const KEPT_MAX: usize = 5;

/// An access key of this stack.
#[derive(Debug, Clone)]
pub struct AccessKey {
    /// Who calls with it.
    pub holder: Caller,
    /// The key, to be shown.
    pub token: AccessToken,
}

/// Puts the default event on sale, unless it is.
///
/// # Errors
///
/// [`StoreError`] when the table does not answer.
pub async fn create_default_event(store: &DynamoStore) -> Result<(), StoreError> {
    let total_seats = TotalSeats::try_from(500).expect("500 is within bounds");
    let id = DEFAULT_EVENT_ID.parse().expect("it is an id");
    let name = "Node.js Meet-up".parse().expect("it is a name");
    let mark = RequestMark::of_random(random());
    let event = Event::new(id, name, total_seats, clock(), mark);
    match create_event(store, &event, random).await {
        Ok(_) | Err(Problem::EventExists) => Ok(()),
        Err(Problem::Store(error)) => Err(error),
        Err(problem) => Err(StoreError::Unavailable(Box::new(problem))),
    }
}

/// Creates the default event, and adds the keys that the settings name, random ones in place of
/// those they do not.
pub(crate) async fn prepare(
    store: &DynamoStore,
    settings: &Settings,
) -> Result<Vec<AccessKey>, AccessError> {
    create_default_event(store).await?;
    let mut wanted = Vec::new();
    for (id, token) in &settings.partners {
        let holder = Caller { id: id.clone(), role: Role::Partner };
        wanted.push((holder, Some(token.clone())));
    }
    if wanted.is_empty() {
        let holder = Caller { id: PARTNER.parse().expect("it is an id"), role: Role::Partner };
        wanted.push((holder, None));
    }
    let holder = Caller { id: ORGANISER.parse().expect("it is an id"), role: Role::Organiser };
    wanted.push((holder, settings.organiser.clone()));

    let known = store.list_partners().await?;
    let mut keys = Vec::new();
    for (holder, token) in wanted {
        let has_enough =
            known.iter().any(|known| known.id == holder.id && known.keys.len() >= KEPT_MAX);
        if token.is_none() && has_enough {
            continue;
        }
        let token = token.unwrap_or_else(|| AccessToken::of_random(random()));
        store.add_partner(&holder, &token, clock()).await?;
        keys.push(AccessKey { holder, token });
    }
    Ok(keys)
}

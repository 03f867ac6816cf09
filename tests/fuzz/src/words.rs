//! Any bytes as every word that a caller may send: what the contract allows is read, prints as it
//! was sent, and stays within its bounds; everything else is refused.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use lambda_http::http::HeaderValue;
use lambda_http::{Body, Request};
use shared::access::{AccessToken, Role};
use shared::answer::summarized;
use shared::board::Census;
use shared::parse;
use shared::reservation::ReservationId;
use shared::summary::Summary;
use shared::text::{EventId, EventName, IdempotencyKey, PartnerId, PartnerReference};

use super::{gateway_event, rules};
use crate::support::nouns;

/// Which version of an event a caller may have seen.
const VERSION: u64 = 17;

pub(crate) fn check(bytes: &[u8]) {
    if let Ok(text) = str::from_utf8(bytes) {
        check_text::<EventId>(text, rules::is_event_id(text));
        check_text::<EventName>(text, rules::is_event_name(text));
        check_text::<PartnerId>(text, rules::is_partner_id(text));
        check_text::<PartnerReference>(text, rules::is_partner_reference(text));
        check_text::<IdempotencyKey>(text, rules::is_idempotency_key(bytes));
        check_text::<Role>(text, ["organiser", "partner"].contains(&text));
        check_reservation_id(text);
        check_access_token(text);
    }
    // What is no header's value, no gateway hands over.
    if let Ok(header) = HeaderValue::from_bytes(bytes) {
        check_idempotency_key(&header);
        check_if_none_match(&header);
        check_authorization(&header);
    }
}

/// What fits is read and prints as it was sent; what does not fit is not read.
fn check_text<T: FromStr<Err: Debug> + Display>(text: &str, fits: bool) {
    let name = std::any::type_name::<T>();
    match text.parse::<T>() {
        Ok(parsed) => {
            assert!(fits, "{name} of {text:?}");
            assert_eq!(parsed.to_string(), text, "{name}");
        }
        Err(_) => assert!(!fits, "no {name} of {text:?}"),
    }
}

fn check_reservation_id(text: &str) {
    check_text::<ReservationId>(&text.to_ascii_lowercase(), rules::is_reservation_id(text));
    let Ok(id) = text.parse::<ReservationId>() else { return };
    assert!(id.to_string().eq_ignore_ascii_case(text), "{id} of {text:?}");
    assert_eq!(ReservationId::from_bytes(*id.as_bytes()), Some(id), "as the store keeps it");
    assert!(text.to_ascii_lowercase().starts_with(&format!("{:04x}", id.pool().get())));
}

fn check_access_token(text: &str) {
    let token = text.parse::<AccessToken>();
    assert_eq!(token.is_ok(), rules::is_access_token(text), "{text:?}");
    let Ok(token) = token else { return };
    assert_eq!(token.reveal(), text);
    assert_eq!(format!("{token:?}"), "AccessToken(..)", "it is never shown");
    let hash = token.hash();
    assert!(hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{hash}");
}

/// A key may be in quotes, which are none of it.
fn check_idempotency_key(header: &HeaderValue) {
    let bare = match header.as_bytes() {
        [b'"', quoted @ .., b'"'] => quoted,
        bare => bare,
    };
    let parsed = parse::idempotency_key(&request("Idempotency-Key", header));
    match parsed {
        Ok(Some(key)) => {
            assert!(rules::is_idempotency_key(bare), "{header:?}");
            assert_eq!(key.as_str().as_bytes(), bare);
        }
        Ok(None) => panic!("{header:?} is there"),
        Err(problem) => {
            assert!(!rules::is_idempotency_key(bare), "{header:?}: {problem}");
            assert_eq!(problem.status(), 400);
        }
    }
}

/// 304 for the version that is named, and for no other. What is no header that RFC 9110 knows may
/// be taken for anything.
fn check_if_none_match(header: &HeaderValue) {
    let mut summary =
        Summary::of(&nouns::event("any", 1), &Census::default(), nouns::start_of_time());
    summary.version = VERSION;
    let answer = summarized(&request("If-None-Match", header), &summary);
    if let Some(is_named) = rules::names_version(header.as_bytes(), VERSION) {
        assert_eq!(answer.status() == 304, is_named, "{header:?}");
    }
}

fn check_authorization(header: &HeaderValue) {
    let mut request = gateway_event::AuthorizerRequest::default();
    request.headers.insert("Authorization", header.clone());
    gateway_event::check_authorizer(&request);
}

fn request(name: &str, value: &HeaderValue) -> Request {
    let request = lambda_http::http::Request::builder().header(name, value);
    request.body(Body::Empty).expect("a request")
}

//! `POST /reservations/{reservationId}/extend`: a partner holds its seats for longer.

use serde_json::{Value, json};

use crate::support::sale::Sale;

#[tokio::test]
async fn refuses_what_it_cannot_extend() {
    let sale = Sale::of(500).await;
    let (nobody, partner, other) =
        (&sale.callers.nobody, &sale.callers.partner, &sale.callers.other);
    let (held, sold, cancelled) = (sale.hold(3).await, sale.sell(1).await, sale.hold(1).await);
    assert_eq!(sale.cancel(&cancelled).await.said(), "204");
    let extend = |id: &str| format!("{}/extend", sale.reservation(id));
    let time = |seconds: Value| json!({ "expiresInSeconds": seconds });
    let (minute, no_event) = (time(json!(120)), "/events/no-such-event/reservations/1/extend");
    let cases = [
        (nobody, extend(&held), minute.clone(), "401 unauthenticated"),
        (partner, extend(&held), json!({}), "400 validation-failed"),
        (partner, extend(&held), json!([60]), "400 validation-failed"),
        (partner, extend(&held), time(json!(59)), "400 validation-failed"),
        (partner, extend(&held), time(json!(901)), "400 validation-failed"),
        (partner, extend(&held), time(json!("60")), "400 validation-failed"),
        (partner, extend(&held), time(json!(60.5)), "400 validation-failed"),
        (partner, extend(&held), time(Value::Null), "400 validation-failed"),
        (partner, no_event.to_owned(), minute.clone(), "404 reservation-not-found"),
        (partner, extend("1"), minute.clone(), "404 reservation-not-found"),
        (partner, extend(&cancelled), minute.clone(), "404 reservation-not-found"),
        (other, extend(&held), minute.clone(), "404 reservation-not-found"),
        (partner, extend(&sold), minute.clone(), "409 not-held"),
        (partner, extend(&held), minute.clone(), "200"),
        (partner, extend(&held), time(json!(60)), "200"),
    ];
    for (number, (caller, path, body, want)) in cases.into_iter().enumerate() {
        let before = sale.summary().await["version"].as_u64();
        let answer = caller.post(&path, &body).send().await;
        assert_eq!(answer.said(), want, "{path} {body}");
        // The last is for less than it is held already.
        let changes = u64::from(number == 13);
        assert_eq!(sale.summary().await["version"].as_u64(), before.map(|before| before + changes));
    }
}

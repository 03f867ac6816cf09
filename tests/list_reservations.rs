//! `GET /events/{eventId}/reservations`: the reservations of an event, a page at a time.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde_json::{Value, json};
use shared::desk::Desk;

use crate::support::answer::Answer;
use crate::support::desk::{desk, desk_at, incoming, open};
use crate::support::nouns;
use crate::support::sale::Sale;
use crate::support::simulated::SimulatedStore;

const LIST: &str = "/events/any/reservations";

#[tokio::test]
async fn refuses_what_is_no_list_of_the_callers() {
    let sale = Sale::of(60).await;
    sale.sell(3).await;
    let (nobody, partner) = (&sale.callers.nobody, &sale.callers.partner);
    let organiser = &sale.callers.organiser;
    let stranger = &nobody.with_key("tb_00000000000000000000");
    let here = &*sale.reservations();
    let cases = [
        (nobody, "", "401 unauthenticated"),
        (stranger, "", "403 access-denied"),
        (partner, "?partnerId=other", "403 partner-mismatch"),
        (partner, "?partnerId=abc-corp", "200"),
        (organiser, "?partnerId=other", "200"),
        (partner, "?partnerId=a%20b", "400 validation-failed"),
        (partner, "?status=sold", "400 validation-failed"),
        (partner, "?status=Confirmed", "400 validation-failed"),
        (partner, "?status=held&status=held", "400 validation-failed"),
        (partner, "?partnerReference=", "400 validation-failed"),
        (partner, "?partnerReference=a%07", "400 validation-failed"),
        (partner, "?partnerreference=a", "400 validation-failed"),
        (partner, "?anything=1", "400 validation-failed"),
        (partner, "?limit=0", "400 validation-failed"),
        (partner, "?limit=201", "400 validation-failed"),
        (partner, "?limit=%2B5", "400 validation-failed"),
        (partner, "?limit=5.0", "400 validation-failed"),
        (partner, "?limit=200", "200"),
        (partner, "?cursor=", "400 validation-failed"),
        (partner, "?cursor=AAAA", "400 validation-failed"),
        (partner, "?cursor=%C3%A9", "400 validation-failed"),
        (partner, "", "200"),
        (organiser, "", "200"),
    ];
    for (caller, query, want) in cases {
        let answer = caller.get(&format!("{here}{query}")).send().await;
        assert_eq!(answer.said(), want, "{query}");
    }
    let unknown = partner.get("/events/none/reservations").send().await;
    assert_eq!(unknown.said(), "404 event-not-found");
    let faults = partner.get(&format!("{here}?limit=0&status=x&what=1")).send().await.json();
    let pointers = faults["errors"].as_array().unwrap().iter().map(|one| one["pointer"].as_str());
    let pointers: BTreeSet<_> = pointers.map(Option::unwrap).collect();
    assert_eq!(pointers, BTreeSet::from(["?limit", "?status", "?what"]));
}

#[tokio::test]
async fn shows_each_reservation_as_itself_and_as_it_is_found_by_a_filter() {
    let sale = Sale::of(120).await;
    let partner = &sale.callers.partner;
    let order = json!({"seats": 2, "partnerReference": "order 17/ü"});
    let named = partner.post(&sale.reservations(), &order).send().await.text_of("reservationId");
    let (held, gone) = (sale.hold(1).await, sale.sell(4).await);
    assert_eq!(sale.cancel(&gone).await.said(), "204");
    let others = sale.callers.other.post(&sale.reservations(), &json!({"seats": 1})).send().await;
    let others = others.text_of("reservationId");

    let own = [&named, &held, &gone];
    let cases = [
        (partner, "", own.to_vec()),
        (partner, "?status=confirmed", vec![&named]),
        (partner, "?status=held", vec![&held]),
        (partner, "?status=cancelled", vec![&gone]),
        (partner, "?status=expired", vec![]),
        (partner, "?partnerReference=order%2017%2F%C3%BC", vec![&named]),
        (partner, "?partnerReference=order%2017%2F%C3%BC&status=held", vec![]),
        (&sale.callers.other, "", vec![&others]),
        (&sale.callers.organiser, "", own.into_iter().chain([&others]).collect()),
        (&sale.callers.organiser, "?partnerId=other", vec![&others]),
        (&sale.callers.organiser, "?partnerId=nobody", vec![]),
    ];
    for (caller, query, want) in cases {
        let page = caller.get(&format!("{}{query}", sale.reservations())).send().await;
        let listed = page.json()["reservations"].as_array().unwrap().clone();
        let ids: Vec<_> = listed.iter().map(|one| one["reservationId"].clone()).collect();
        let mut want: Vec<_> = want.into_iter().map(String::as_str).collect();
        want.sort_unstable();
        assert_eq!(ids, want, "{query}");
        assert_eq!((page.header("link"), &page.json()["nextCursor"]), ("", &Value::Null));
        for one in listed {
            let path = sale.reservation(one["reservationId"].as_str().unwrap());
            assert_eq!(caller.get(&path).send().await.json(), one, "it is shown as itself");
        }
    }
}

#[tokio::test]
async fn the_next_page_is_found_behind_any_stage_with_the_same_filters() {
    let sale = Sale::of(60).await;
    let partner = &sale.callers.partner;
    for _ in 0..3 {
        let order = json!({"seats": 1, "partnerReference": "a&b=c+d ü"});
        assert_eq!(partner.post(&sale.reservations(), &order).send().await.said(), "201");
    }
    let reference = "partnerReference=a%26b%3Dc%2Bd%20%C3%BC";
    let mut path = format!("{}?limit=1&{reference}", sale.reservations());
    let mut ids = BTreeSet::new();
    for left in [2, 1, 0] {
        let page = partner.get(&path).send().await;
        let one = &page.json()["reservations"][0];
        assert!(ids.insert(one["reservationId"].as_str().unwrap().to_owned()), "it is another");
        let next = page.header("link").strip_suffix(">; rel=\"next\"").unwrap_or_default();
        assert_eq!(next.is_empty(), left == 0, "{page:?}");
        let head = partner.call("HEAD", &path).send().await;
        assert_eq!((head.header("link"), &*head.text), (page.header("link"), ""));
        // A reference without a path stands for whatever path was called, whatever is before it.
        path = partner.resolve(&path, next.trim_start_matches('<'));
        assert!(path.starts_with(&sale.reservations()), "{path}");
    }
}

#[tokio::test]
async fn an_altered_cursor_or_one_of_another_list_is_refused() {
    let desk = desk(SimulatedStore::calm());
    for event in ["any", "other"] {
        open(&desk.store, event, 60).await;
    }
    for _ in 0..2 {
        assert_eq!(order(&desk, "any", "abc-corp").await.said(), "201");
    }
    let get = |path: String| incoming("GET", path);
    let page = get(format!("{LIST}?limit=1")).at(&desk).await;
    let cursor = page.text_of("nextCursor");
    let with = |cursor: &str| get(format!("{LIST}?cursor={cursor}"));
    assert_eq!(with(&cursor).at(&desk).await.said(), "200");

    for position in 0..cursor.len() {
        let mut altered = cursor.clone().into_bytes();
        altered[position] = if altered[position] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(altered).unwrap();
        assert_eq!(with(&altered).at(&desk).await.said(), "400 validation-failed", "{altered}");
    }
    let longer = with(&format!("{cursor}AAAA"));
    let of_another_event = get(format!("/events/other/reservations?cursor={cursor}"));
    let with_a_filter = get(format!("{LIST}?status=held&cursor={cursor}"));
    let of_all = with(&cursor).from("chief", "organiser");
    for request in
        [longer, of_another_event, with_a_filter, with(&cursor).from("b", "partner"), of_all]
    {
        assert_eq!(request.at(&desk).await.said(), "400 validation-failed");
    }
    let of_one = get(format!("{LIST}?partnerId=abc-corp&limit=5&cursor={cursor}"));
    let of_one = of_one.from("chief", "organiser").at(&desk).await;
    assert_eq!(of_one.said(), "200", "it is the same list, and another page size");
}

#[tokio::test]
async fn pages_show_all_that_stood_before_the_first_however_much_is_sold_meanwhile() {
    let desk = desk(SimulatedStore::calm());
    open(&desk.store, "any", 2_000).await;
    let mut stood = Vec::new();
    for number in 0..300 {
        let partner = ["abc-corp", "b", "c"][number % 3];
        let id = order(&desk, "any", partner).await.text_of("reservationId");
        stood.push((partner, id));
    }
    let mut walks = [
        (incoming("GET", "").from("abc-corp", "partner"), "abc-corp", BTreeSet::new()),
        (incoming("GET", "").from("chief", "organiser"), "", BTreeSet::new()),
    ];
    for (caller, partner, seen) in &mut walks {
        let mut path = format!("{LIST}?limit=7");
        loop {
            let page = caller.clone().to(&path).at(&desk).await.json();
            for one in page["reservations"].as_array().unwrap() {
                let id = one["reservationId"].as_str().unwrap().to_owned();
                assert!(partner.is_empty() || one["partnerId"] == *partner);
                assert!(seen.last().is_none_or(|last| *last < id), "each once, in order");
                seen.insert(id);
            }
            for partner in ["abc-corp", "d"] {
                let sold = order(&desk, "any", partner).await;
                let path = format!("{LIST}/{}", sold.text_of("reservationId"));
                incoming("DELETE", path).from(partner, "partner").at(&desk).await;
            }
            let Some(cursor) = page["nextCursor"].as_str() else { break };
            path = format!("{LIST}?limit=7&cursor={cursor}");
        }
        for (owner, id) in &stood {
            let is_theirs = partner.is_empty() || owner == partner;
            assert!(!is_theirs || seen.contains(id), "{id} of {owner} is on no page");
        }
    }
}

#[tokio::test]
async fn a_hold_whose_time_is_over_is_listed_as_expired_with_no_commit_in_between() {
    let store = SimulatedStore::calm();
    open(&store, "any", 60).await;
    let held = incoming("POST", LIST).body(&json!({"seats": 1, "hold": {"expiresInSeconds": 60}}));
    let id = held.at(&desk(store.clone())).await.text_of("reservationId");
    let later = desk_at(store, || nouns::start_of_time() + SignedDuration::from_secs(60));
    for (status, want) in [("held", vec![]), ("expired", vec![Value::from(id)])] {
        let page = incoming("GET", format!("{LIST}?status={status}")).at(&later).await.json();
        let listed = page["reservations"].as_array().unwrap();
        let ids: Vec<_> = listed.iter().map(|one| one["reservationId"].clone()).collect();
        assert_eq!(ids, want, "{status}");
    }
}

#[tokio::test]
async fn a_page_of_a_large_event_ends_early_and_the_walk_goes_on() {
    let desk = desk(SimulatedStore::calm());
    open(&desk.store, "any", 30_000).await;
    let (mut path, mut pages, mut ids) = (LIST.to_owned(), 0, Vec::new());
    let sold = order(&desk, "any", "abc-corp").await.text_of("reservationId");
    loop {
        let page = incoming("GET", path).at(&desk).await.json();
        pages += 1;
        let listed = page["reservations"].as_array().unwrap();
        ids.extend(listed.iter().map(|one| one["reservationId"].clone()));
        let Some(cursor) = page["nextCursor"].as_str() else { break };
        path = format!("{LIST}?cursor={cursor}");
    }
    assert_eq!((pages, ids), (3, vec![Value::from(sold)]), "200 of 600 pools a page");
}

/// One seat for this partner.
async fn order(desk: &Desk<SimulatedStore>, event: &str, partner: &str) -> Answer {
    let order = incoming("POST", format!("/events/{event}/reservations"));
    order.from(partner, "partner").body(&json!({"seats": 1})).at(desk).await
}

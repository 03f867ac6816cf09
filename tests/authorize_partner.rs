//! The gateway's authorizer: who holds this access key, and what may they call?

use std::collections::BTreeSet;

use authorize_partner::authorize_partner;
use serde_json::{Value, json};
use shared::access::{AccessToken, Caller, Role};
use shared::boot;
use shared::dynamo::DynamoStore;
use ticketboss::local::aws;

use crate::support::client::Client;
use crate::support::proxy::Proxy;
use crate::support::sale::{Callers, Sale, unique};
use crate::support::{contract, database, nouns, stack};

const STAGE: &str = "arn:aws:execute-api:eu-central-1:123456789012:abcdef1234/v1";

/// What the authorizer answers to this header.
async fn decide(store: &DynamoStore, authorization: &str) -> Value {
    let request = json!({
        "type": "REQUEST",
        "methodArn": format!("{STAGE}/POST/events/x/reservations"),
        "headers": {"Authorization": authorization},
        "requestContext": {},
    });
    let request = serde_json::from_value(request).unwrap();
    let decision = authorize_partner(store, &request).await.unwrap();
    let decision = serde_json::to_value(decision).unwrap();
    assert!(!decision.to_string().contains("null"), "API Gateway knows no null: {decision}");
    decision
}

fn statement(decision: &Value) -> (&str, BTreeSet<&str>) {
    let statement = &decision["policyDocument"]["Statement"][0];
    assert_eq!(statement["Action"], json!(["execute-api:Invoke"]));
    let resources = statement["Resource"].as_array().unwrap();
    (statement["Effect"].as_str().unwrap(), resources.iter().filter_map(Value::as_str).collect())
}

async fn add(store: &DynamoStore, id: &str, role: Role) -> String {
    let token = AccessToken::of_random(boot::random());
    let holder = Caller { id: nouns::partner(id), role };
    store.add_partner(&holder, &token, nouns::start_of_time()).await.unwrap();
    token.reveal().to_owned()
}

#[tokio::test]
async fn refuses_whoever_shows_no_key_of_ours() {
    let (url, keys) = stack::shared();
    let (key, anybody) = (&keys.partner, Client::anonymous(url));
    let cases = [
        (String::new(), "401 unauthenticated"),
        ("Bearer".to_owned(), "403 access-denied"),
        ("Bearer ".to_owned() + &" ".repeat(3), "403 access-denied"),
        ("Bearer tb_short".to_owned(), "403 access-denied"),
        ("Bearer tb_00000000000000000000".to_owned(), "403 access-denied"),
        (format!("Bearer tb_{}", "0".repeat(101)), "403 access-denied"),
        (format!("Bearer tb_{}", "0".repeat(9_000)), "403 access-denied"),
        (format!("Basic {key}"), "403 access-denied"),
        (key.to_owned(), "403 access-denied"),
        (format!("Bearer {}", key.to_uppercase()), "403 access-denied"),
        (format!("Bearer {key}0"), "403 access-denied"),
        (format!("Bearer {}", &key[..key.len() - 1]), "403 access-denied"),
        (format!("Bearer {key}, Bearer {key}"), "403 access-denied"),
        (format!("Bearer {key}\u{e9}"), "403 access-denied"),
        (format!("Bearer {key}"), "404 event-not-found"),
        (format!("bearer   {key}"), "404 event-not-found"),
    ];
    let path = "/events/no-such-event";
    assert_eq!(anybody.get(path).send().await.said(), "401 unauthenticated");
    for (authorization, want) in cases {
        let answer = anybody.get(path).header("Authorization", &authorization).send().await;
        assert_eq!(answer.said(), want, "{authorization}");
    }
}

#[tokio::test]
async fn a_key_opens_what_its_role_may_call_and_nothing_else() {
    let Callers { nobody, partner, organiser, .. } = Callers::of_shared_stack();
    let stranger = nobody.with_key("tb_00000000000000000000");
    let (gone, wrong) = ("404 reservation-not-found", "400 validation-failed");
    let cases = [
        ("GET", "/reservations", "200", "200"),
        ("HEAD", "/reservations", "200", "200"),
        ("POST", "/reservations", wrong, wrong),
        ("GET", "/reservations/{id}", gone, gone),
        ("DELETE", "/reservations/{id}", gone, gone),
        ("POST", "/reservations/{id}/confirm", gone, gone),
        ("POST", "/reservations/{id}/extend", gone, gone),
        ("POST", "/events/none/reservations/1/confirm", gone, gone),
        ("POST", "/events/none/reservations/1/extend", gone, gone),
        ("PATCH", "/reservations/{id}", gone, gone),
        ("PATCH", "/events/none/reservations/1", gone, gone),
        ("GET", "/events?limit=1", "200", "200"),
        ("HEAD", "/events?limit=1", "200", "200"),
        ("GET", "/events/none/reservations", "404 event-not-found", "404 event-not-found"),
        ("HEAD", "/events/none/reservations", "404", "404"),
        ("POST", "/events", "403 access-denied", wrong),
        ("PATCH", "/events/none", "403 access-denied", wrong),
        ("POST", "/events/none/cancellations", "403 access-denied", "404 event-not-found"),
        (
            "GET",
            "/events/none/cancellations/0000000000000000",
            "403 access-denied",
            "404 event-not-found",
        ),
        ("HEAD", "/events/none/cancellations/0000000000000000", "403", "404"),
        ("GET", "/events/none", "404 event-not-found", "404 event-not-found"),
        ("HEAD", "/events/none", "404", "404"),
        ("HEAD", "/reservations/{id}", "404", "404"),
        ("HEAD", "/events/none/reservations/1", "404", "404"),
        ("POST", "/events/none/reservations", wrong, wrong),
        ("GET", "/events/none/reservations/1", gone, gone),
        ("DELETE", "/events/none/reservations/1", gone, gone),
    ];
    for (method, path, partners, organisers) in cases {
        let path = path.replace("{id}", "1");
        let said = async |caller: &Client| {
            let answer = caller.call(method, &path).send().await;
            // A HEAD has no body that could say more.
            if method == "HEAD" { answer.status.to_string() } else { answer.said() }
        };
        let (unknown, refused) = (said(&nobody).await, said(&stranger).await);
        assert!("401 unauthenticated".starts_with(&unknown), "{method} {path}: {unknown}");
        assert!("403 access-denied".starts_with(&refused), "{method} {path}: {refused}");
        assert_eq!(said(&partner).await, partners, "{method} {path}");
        assert_eq!(said(&organiser).await, organisers, "{method} {path}");
    }
    let secured = contract::operations().iter();
    let secured = secured.filter(|operation| operation.schemes.as_deref() != Some(&[]));
    assert_eq!(secured.count(), cases.len(), "this table has every operation that needs a key");
}

#[tokio::test]
async fn one_answer_serves_every_method_and_every_stage() {
    let store = database::store();
    let partner = add(&store, &unique("partner"), Role::Partner).await;
    let organiser_id = unique("organiser");
    let organiser = add(&store, &organiser_id, Role::Organiser).await;

    let decision = decide(&store, &format!("Bearer {partner}")).await;
    let (effect, partners) = statement(&decision);
    assert_eq!(effect, "Allow");
    let template = |path: &str| path.replace("{eventId}", "*").replace("{reservationId}", "*");
    let template = |path: &str| template(path).replace("{cancellationId}", "*");
    let of_operations: BTreeSet<_> = contract::operations()
        .iter()
        .filter(|operation| operation.schemes.as_deref() != Some(&[]))
        .map(|operation| format!("{STAGE}/{}{}", operation.method, template(&operation.path)))
        .collect();
    let organisers = [
        "POST/events",
        "PATCH/events/*",
        "POST/events/*/cancellations",
        "GET/events/*/cancellations/*",
        "HEAD/events/*/cancellations/*",
    ];
    let organisers = organisers.map(|path| format!("{STAGE}/{path}"));
    let of_partners = of_operations.iter().filter(|resource| !organisers.contains(resource));
    assert_eq!(partners, of_partners.map(String::as_str).collect());

    let decision = decide(&store, &format!("Bearer {organiser}")).await;
    let (effect, organisers) = statement(&decision);
    assert_eq!((effect, organisers), ("Allow", of_operations.iter().map(String::as_str).collect()));
    assert_eq!(decision["context"], json!({"partnerId": organiser_id, "role": "organiser"}));
    assert_eq!(decision["principalId"], organiser_id);
}

#[tokio::test]
async fn a_revoked_key_is_denied_and_so_is_every_other_of_its_holder() {
    let store = database::store();
    let id = unique("partner");
    let keys = [add(&store, &id, Role::Partner).await, add(&store, &id, Role::Partner).await];
    for key in &keys {
        let decision = decide(&store, &format!("Bearer {key}")).await;
        assert_eq!(
            statement(&decision).0,
            "Allow",
            "two keys at once, to replace one by the other"
        );
        assert_eq!(decision["context"]["partnerId"], id.as_str());
    }

    store.revoke_partner(&nouns::partner(&id), None).await.unwrap();
    let unknown = decide(&store, "Bearer tb_00000000000000000000").await;
    assert_eq!(statement(&unknown), ("Deny", [&*format!("{STAGE}/*")].into()));
    for key in keys {
        let revoked = decide(&store, &format!("Bearer {key}")).await;
        assert_eq!(revoked, unknown, "it is as if it had never been");
    }
    let renewed = add(&store, &id, Role::Partner).await;
    assert_eq!(statement(&decide(&store, &format!("Bearer {renewed}")).await).0, "Allow");
}

#[tokio::test]
async fn what_cannot_be_a_key_costs_no_call_and_every_other_one() {
    let proxy = Proxy::before(database::endpoint());
    let store = DynamoStore::with_client(aws::dynamodb_at(&proxy.endpoint()), aws::TABLE);
    let known = add(&store, &unique("partner"), Role::Partner).await;
    proxy.take_counts();
    let cases = [
        ("", 0),
        ("Bearer", 0),
        ("Bearer tb_1", 0),
        ("Basic dGI6eA==", 0),
        ("Bearer tb_00000000000000000000", 1),
        (&*format!("Bearer {known}"), 1),
    ];
    for (authorization, want) in cases {
        decide(&store, authorization).await;
        let calls = proxy.take_counts();
        assert_eq!(calls.get("GetItem").copied().unwrap_or_default(), want, "{authorization}");
        assert_eq!(calls.into_values().sum::<u32>(), want, "{authorization}");
    }
}

#[tokio::test]
async fn what_belongs_to_another_partner_does_not_exist() {
    let sale = Sale::of(500).await;
    let first = sale.order(3).keyed("mine").send().await;
    let theirs = first.text_of("reservationId");
    let never = format!("{}000000000000", &theirs[..24]);
    let other = &sale.callers.other;
    for method in ["GET", "DELETE"] {
        let mut bodies = Vec::new();
        for id in [&theirs, &never] {
            let answer = other.call(method, &sale.reservation(id)).keyed("mine").send().await;
            assert_eq!(answer.said(), "404 reservation-not-found");
            let mut body = answer.json();
            body.as_object_mut().unwrap().remove("requestId");
            bodies.push(body);
        }
        assert_eq!(bodies[0], bodies[1], "{method} tells them apart");
    }

    let order = json!({"seats": 3});
    let replay = other.post(&sale.reservations(), &order).keyed("mine").send().await;
    assert_eq!((replay.said().as_str(), replay.header("idempotency-replayed")), ("201", ""));
    assert_ne!(replay.text_of("reservationId"), theirs, "the same key is another's own");
    let named = json!({"partnerId": "abc-corp", "seats": 3});
    let named = other.post(&sale.reservations(), &named).keyed("mine").send().await;
    assert_eq!(named.said(), "403 partner-mismatch");
    assert_eq!(
        sale.callers.partner.get(&sale.reservation(&theirs)).send().await.json(),
        first.json()
    );
}

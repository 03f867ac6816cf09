//! The rehearsal goes well on a stack that sells, leaves nothing behind, and says what is wrong
//! with one that does not.

use rehearse_sale::{RehearsalError, rehearse_sale};
use shared::access::{AccessToken, Caller, Role};
use shared::config::Stage;
use shared::dynamo::DynamoStore;

use crate::support::client::Client;
use crate::support::own_table::OwnTable;
use crate::support::sale::unique;
use crate::support::stack::Stack;
use crate::support::stand_in::{Manners, StandIn};
use crate::support::{database, nouns};

fn stage(url: &str) -> Stage {
    Stage { url: url.to_owned(), event: unique("rehearsal").parse().unwrap() }
}

/// The keys that rehearsals have left in this table.
async fn keys_left(store: &DynamoStore) -> usize {
    let partners = store.list_partners().await.unwrap();
    let ours = partners.iter().find(|partner| partner.id.as_str() == "ticketboss-rehearsal");
    ours.expect("it was added").keys.len()
}

/// One test for all that goes well, since rehearsals on one table take each other's keys away.
#[tokio::test]
async fn a_seat_is_sold_and_given_back_and_no_key_is_left() {
    let stack = Stack::start(&["--dynamodb-endpoint", database::endpoint()]);
    let (store, stage) = (database::store(), stage(&stack.url));
    let left_behind = AccessToken::of_random(shared::boot::random());
    let caller = Caller { id: nouns::partner("ticketboss-rehearsal"), role: Role::Organiser };
    store.add_partner(&caller, &left_behind, nouns::start_of_time()).await.unwrap();

    for _ in 0..2 {
        rehearse_sale(&store, &stage).await.unwrap();
        assert_eq!(keys_left(&store).await, 0);
    }
    assert_eq!(store.find_caller(&left_behind).await.unwrap(), None);

    let partner = Client::anonymous(&stack.url).with_key(&stack.keys.partner);
    let answer = partner.get(&format!("/events/{}", stage.event)).send().await;
    assert_eq!(
        (answer.json()["totalSeats"].as_u64(), answer.json()["availableSeats"].as_u64()),
        (Some(500), Some(500))
    );
}

#[tokio::test]
async fn the_first_step_that_goes_wrong_is_named_and_no_key_is_left() {
    let open_to_all = StandIn::start(Manners::SellsOneSeatToAll).await;
    let cases = [
        ("http://127.0.0.1:1", "be refused without a key: no answer"),
        (&open_to_all.url, "be refused without a key: expected 401 Unauthorized, got 200 OK"),
    ];
    for (url, wrong) in cases {
        let table = OwnTable::create().await;
        let error = rehearse_sale(&table.store, &stage(url)).await.unwrap_err().to_string();
        assert!(error.starts_with(wrong), "{error}");
        assert_eq!(keys_left(&table.store).await, 0);
    }
}

#[tokio::test]
async fn without_a_key_nothing_is_tried() {
    let store = DynamoStore::with_client(database::client(), "no-such-table");
    let error = rehearse_sale(&store, &stage("http://127.0.0.1:1")).await.unwrap_err();
    assert!(matches!(error, RehearsalError::Key(_)), "{error}");
}

//! Items as earlier versions wrote them are read, and the next commit seals a pool and packs it.

use serde_json::{Value, json};
use shared::access::{AccessToken, Role};
use shared::mark::RequestMark;
use shared::reservation::ReservationId;
use shared::store::{Commit, Store as _};

use crate::encoding::loaded;
use crate::store_contract::changes;
use crate::support::nouns;
use crate::support::wire::Wire;

/// Pools, events and creations without a seal; keys without a seal and without a prefix.
#[tokio::test(start_paused = true)]
async fn items_of_every_older_layout_are_read() {
    let wire = Wire::calm();
    let put = |key: &str, item: Value| {
        wire.table.put(key.to_owned(), item.as_object().expect("an item").clone());
    };
    put(
        "event#old|event",
        json!({
            "pk": { "S": "event#old" }, "sk": { "S": "event" }, "name": { "S": "Old one" },
            "total_seats": { "N": "10" }, "pools": { "N": "1" },
            "created_at": { "N": "1763900000000" }, "created_by": { "N": "18446744073709551615" },
        }),
    );
    let live = json!({ "M": {
        "p": { "S": "abc-corp" }, "s": { "N": "3" }, "c": { "N": "1763900000001" },
        "v": { "N": "1" }, "r": { "S": "A-17" },
    }});
    let ended = json!({ "M": {
        "p": { "S": "other" }, "s": { "N": "2" }, "c": { "N": "1763900000002" }, "v": { "N": "3" },
        "x": { "N": "1763900000003" }, "b": { "N": "7" },
    }});
    let sold = json!({ "AAAAAAAAgACAAAAAAAAAAA": live, "AAAAAAAAgACAAAAAAAAAAQ": ended });
    put(
        "event#old#0|pool",
        json!({
            "pk": { "S": "event#old#0" }, "sk": { "S": "pool" }, "version": { "N": "3" },
            "capacity": { "N": "10" }, "available": { "N": "7" },
            "reservations": { "M": sold },
        }),
    );
    let event =
        wire.store().load_event(&"old".parse().unwrap()).await.unwrap().expect("it is there");
    assert_eq!((event.name.as_str(), event.created_by), ("Old one", RequestMark::new(u64::MAX)));
    let pool = loaded(&wire, &event).await.unwrap();
    let [live, ended] = pool.reservations().collect::<Vec<_>>()[..] else { panic!("{pool:?}") };
    assert_eq!((live.seats.get(), live.is_live(), pool.available()), (3, true, 7));
    assert_eq!(ended.cancelled.map(|end| end.by), Some(RequestMark::new(7)));

    // The next commit seals it, and packs its reservations.
    let order = nouns::order("abc-corp", 1);
    let id = ReservationId::in_pool(pool.index(), [1; 32]);
    let change = changes(pool.reserve(&id, &order, nouns::start_of_time()));
    assert_eq!(wire.store().commit(&event, &change).await.unwrap(), Commit::Applied);
    assert_eq!(loaded(&wire, &event).await.unwrap(), *change[0].after());
    let written = wire.table.peek("event#old#0|pool").unwrap();
    assert!(written.contains_key("seal") && written["reservations"]["B"].is_string());

    let token = AccessToken::of_random([1; 32]);
    let partition = format!("key#{}", token.hash());
    put(
        &format!("{partition}|key"),
        json!({
            "pk": { "S": partition }, "sk": { "S": "key" }, "partner": { "S": "abc-corp" },
            "role": { "S": "partner" }, "created_at": { "N": "1763900000000" },
        }),
    );
    let holder = wire.store().find_caller(&token).await.unwrap().expect("it is there");
    assert_eq!((holder.id.as_str(), holder.role), ("abc-corp", Role::Partner));
    let mark = RequestMark::new(5);
    put(
        "creation#0000000000000005|creation",
        json!({
            "pk": { "S": "creation#0000000000000005" }, "sk": { "S": "creation" },
            "event": { "S": "old" },
        }),
    );
    assert_eq!(wire.store().load_creation(mark).await.unwrap(), Some(event.id));
}

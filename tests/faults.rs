//! The real stack under load while its processes are killed and its database fails or dies:
//! nothing is oversold, nothing is lost, and every key is answered as it was the first time.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use shared::boot;

use crate::support::answer::Answer;
use crate::support::client::{at_once, rush};
use crate::support::database;
use crate::support::processes::send;
use crate::support::proxy::{Fate, Proxy};
use crate::support::sale::{Callers, Sale, unique};
use crate::support::stack::{Keys, Stack};

/// What became of each order so far, by its key.
type Sold = BTreeMap<String, Answer>;

/// Sends these orders of two seats at once, each with its key.
async fn order(sale: &Sale, keys: &[String]) -> Sold {
    let calls = keys.iter().map(|key| sale.order(2).keyed(key));
    keys.iter().cloned().zip(at_once(calls).await).collect()
}

/// Every key is answered as before, and the summary counts exactly what was sold.
async fn check(sale: &Sale, sold: &Sold) {
    let keys: Vec<_> = sold.keys().cloned().collect();
    let mut confirmed = 0;
    for (key, again) in order(sale, &keys).await {
        let first = &sold[&key];
        assert_eq!((first.said(), again.said()), ("201".to_owned(), "201".to_owned()));
        assert_eq!(first.text_of("reservationId"), again.text_of("reservationId"), "{key}");
        confirmed += 1;
    }
    let summary = sale.summary().await;
    assert_eq!(summary["reservationCount"], confirmed, "nothing is lost, nothing is sold twice");
    assert_eq!(summary["reservedSeats"], 2 * confirmed);
}

#[tokio::test]
#[expect(clippy::print_stdout, reason = "`--nocapture` asks for the totals")]
async fn nothing_is_lost_whoever_is_killed_and_whatever_dynamodb_loses() {
    let proxy = Proxy::before(database::endpoint());
    let stack = Stack::start(&["--instances=4", "--dynamodb-endpoint", &proxy.endpoint()]);
    let sale = Sale::by(Callers::of(&stack.url, &stack.keys), 1_000).await;
    let _alone = rush().await;
    let (calls, injected) = (AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&injected);
    proxy.hook(move |_, _| {
        let fate = match calls.fetch_add(1, Ordering::Relaxed) % 17 {
            3 => Fate::LostBefore,
            8 => Fate::LostAfter,
            13 => Fate::THROTTLED,
            _ => return Fate::Answered,
        };
        counted.fetch_add(1, Ordering::Relaxed);
        fate
    });

    let (mut sold, mut killed) = (Sold::new(), 0);
    for wave in 0..12 {
        let keys: Vec<_> = (0..20).map(|number| format!("{wave}-{number}")).collect();
        let ordering = {
            let sale = sale.clone();
            tokio::spawn(async move { order(&sale, &keys).await })
        };
        let sellers = stack.functions().into_iter().filter(|one| one.name() == "reserve-seats");
        let victim = sellers.max_by_key(|process| process.id ^ u32::from(boot::random()[0]));
        if let Some(victim) = victim {
            send("KILL", victim.id);
            killed += 1;
        }
        sold.extend(ordering.await.expect("ordering does not panic"));
    }

    proxy.hook(|_, _| Fate::Answered);
    check(&sale, &sold).await;
    println!(
        "{} orders answered 201, {killed} processes killed, {} faults injected, lost 0, oversold 0",
        sold.len(),
        injected.load(Ordering::Relaxed),
    );
}

#[tokio::test]
async fn a_database_that_is_killed_with_orders_in_flight_keeps_what_was_answered() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(unique("killed"));
    let data = format!("--data={}", folder.display());
    let keys = Keys::new();
    let mut stack = Stack::with_keys(keys.clone(), &["--instances=2", &data]);
    let sale = Sale::by(Callers::of(&stack.url, &keys), 200).await;
    let early: Vec<_> = (0..20).map(|number| format!("early-{number}")).collect();
    let sold = order(&sale, &early).await;

    let late: Vec<_> = (0..20).map(|number| format!("late-{number}")).collect();
    let in_flight: Vec<_> =
        late.iter().map(|key| tokio::spawn(sale.order(2).keyed(key).send())).collect();
    assert!(!stack.end("KILL").success());
    let mut sold = sold;
    for (key, sent) in late.iter().zip(in_flight) {
        // Who was answered holds us to it; sending fails for who was not, and it asks again.
        sold.extend(sent.await.ok().map(|answer| (key.clone(), answer)));
    }

    let stack = Stack::with_keys(keys.clone(), &["--instances=2", &data]);
    let sale = Sale { callers: Callers::of(&stack.url, &keys), ..sale };
    let mut all = order(&sale, &late).await;
    all.extend(sold.into_iter().filter(|(_, answer)| answer.status == 201));
    check(&sale, &all).await;
    drop(stack);
    let _ = std::fs::remove_dir_all(folder);
}

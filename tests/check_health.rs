//! `GET /healthcheck`: TicketBoss is up, and so is its table.

use crate::support::desk::{desk, incoming};
use crate::support::sale::Callers;
use crate::support::simulated::SimulatedStore;
use crate::support::simulated::weather::{Dice, Weather};

#[tokio::test]
async fn refuses_only_what_it_does_not_serve() {
    let nobody = Callers::of_shared_stack().nobody;
    let cases = [
        ("POST", "/healthcheck", "404 route-not-found"),
        ("GET", "/healthcheck/", "404 route-not-found"),
        ("GET", "/health", "404 route-not-found"),
        ("GET", "/healthcheck", "200"),
        ("GET", "/healthcheck?deep=1", "200"),
        ("GET", "/healthcheck?deep=0&other=%FF", "200"),
    ];
    for (method, path, want) in cases {
        let answer = nobody.call(method, path).send().await;
        assert_eq!(answer.said(), want, "{method} {path}");
    }
}

#[tokio::test]
async fn says_ok_to_anybody() {
    for path in ["/healthcheck", "/healthcheck?deep=1"] {
        let answer = Callers::of_shared_stack().nobody.get(path).send().await;
        assert_eq!((answer.status, answer.text.as_str()), (200, "OK"));
        assert!(answer.header("content-type").starts_with("text/plain"));
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
}

#[tokio::test(start_paused = true)]
async fn asked_deeply_says_503_while_the_table_does_not_answer() {
    let weather = Weather { lost_before: 1.0, ..Weather::calm() };
    let desk = desk(SimulatedStore::under(weather, Dice::new(1)));
    assert_eq!(incoming("GET", "/healthcheck").at(&desk).await.said(), "200");
    let deep = incoming("GET", "/healthcheck?deep=1").at(&desk).await;
    assert_eq!(deep.said(), "503 unavailable");
}

//! HTTP at the local gateway, byte by byte: whatever a caller sends, the answer is the contract's.

use std::net::Shutdown;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::answer::check_problem;
use crate::support::client::Client;
use crate::support::sale::{Callers, Sale};
use crate::support::stack;

/// Sends these bytes, closes our half if told to, and reads until the gateway hangs up.
async fn exchange(bytes: &[u8], closes: bool) -> String {
    let (url, _) = stack::shared();
    let address = url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    if closes {
        let half = stream.into_std().unwrap();
        half.shutdown(Shutdown::Write).unwrap();
        stream = TcpStream::from_std(half).unwrap();
    }
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer));
    let _ = read.await.expect("the gateway hangs up");
    String::from_utf8(answer).unwrap()
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or_default()
}

const CLOSE: &str = "Connection: close\r\n";

#[tokio::test]
async fn what_is_no_http_is_answered_with_a_problem() {
    let long = "x".repeat(70_000);
    let (host, chunked) = ("Host: a\r\n", "Transfer-Encoding: chunked\r\n");
    let headers: String = (0..200).map(|number| format!("X-{number}: 1\r\n")).collect();
    let cases = [
        ("no HTTP", "nonsense\r\n\r\n".to_owned(), "400"),
        ("no version", "GET /healthcheck\r\n\r\n".to_owned(), "400"),
        ("no host", format!("GET /healthcheck HTTP/1.1\r\n{CLOSE}\r\n"), "400"),
        ("two hosts", format!("GET /healthcheck HTTP/1.1\r\n{host}{host}{CLOSE}\r\n"), "400"),
        (
            "another two",
            format!("GET /healthcheck HTTP/1.1\r\n{host}Host: b\r\n{CLOSE}\r\n"),
            "400",
        ),
        (
            "a space before the colon",
            format!("GET /healthcheck HTTP/1.1\r\n{host}A : b\r\n\r\n"),
            "400",
        ),
        ("a NUL", format!("GET /healthcheck HTTP/1.1\r\n{host}A: \0\r\n\r\n"), "400"),
        (
            "two lengths",
            format!(
                "POST /events HTTP/1.1\r\n{host}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"
            ),
            "400",
        ),
        (
            "a length that is none",
            format!("POST /events HTTP/1.1\r\n{host}Content-Length: x\r\n\r\n"),
            "400",
        ),
        (
            "a bad chunk",
            format!("POST /events HTTP/1.1\r\n{host}{chunked}{CLOSE}\r\nzz\r\nab\r\n"),
            "400",
        ),
        ("a long path", format!("GET /{long} HTTP/1.1\r\n{host}\r\n"), "414"),
        ("many headers", format!("GET /healthcheck HTTP/1.1\r\n{host}{headers}\r\n"), "431"),
    ];
    for (what, sent, want) in cases {
        let answer = exchange(sent.as_bytes(), false).await;
        assert_eq!(status(&answer), want, "{what}: {answer}");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.to_lowercase().contains("content-type: application/problem+json"), "{what}");
        let code = check_problem(want.parse().unwrap(), &serde_json::from_str(body).unwrap());
        assert_eq!(code, "bad-request", "{what}");
    }
}

#[tokio::test]
async fn a_caller_that_closes_its_half_gets_its_answer() {
    let sale = Sale::of(9).await;
    let (_, keys) = stack::shared();
    let (path, key) = (sale.reservations(), &keys.partner);
    let order = r#"{"seats":2}"#;
    let length = order.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {key}\r\n\
         Content-Length: {length}\r\n\r\n{order}"
    );
    let answer = exchange(request.as_bytes(), true).await;
    assert_eq!(status(&answer), "201", "{answer}");
    assert_eq!(sale.free_seats().await, 7);
}

#[tokio::test]
async fn a_sender_that_stalls_is_cut_off() {
    let head = "POST /events HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab";
    let (unfinished, stalled) = tokio::join!(
        exchange(b"GET /healthcheck HTTP/1.1\r\nHost: a\r\n", false),
        exchange(head.as_bytes(), false),
    );
    assert!(["", "408", "400"].contains(&status(&unfinished)), "{unfinished}");
    assert_eq!(status(&stalled), "400", "{stalled}");
}

#[tokio::test]
async fn an_answer_to_head_has_no_body_and_the_connection_goes_on() {
    let twice = "HEAD /healthcheck HTTP/1.1\r\nHost: a\r\n\r\n\
                 GET /healthcheck HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let answer = exchange(twice.as_bytes(), false).await;
    assert_eq!(answer.matches("HTTP/1.1 200 OK").count(), 2, "{answer}");
    assert_eq!(answer.matches("OK").count(), 3, "one body: {answer}");
}

#[tokio::test]
async fn the_stack_answers_inside_the_stage_too_and_its_links_lead_on() {
    let sale = Sale::of(9).await;
    let (url, keys) = stack::shared();
    for prefix in ["", "/v1"] {
        let partner = Client::anonymous(url).with_key(&keys.partner);
        let called = format!("{prefix}{}", sale.reservations());
        let sold = partner.post(&called, &serde_json::json!({"seats": 1})).send().await;
        assert_eq!(sold.said(), "201");
        let location = partner.resolve(&called, sold.header("location"));
        assert!(location.starts_with(&called), "{location}");
        assert_eq!(partner.get(&location).send().await.json(), sold.json());

        let short = format!("{prefix}/reservations");
        let sold = partner.post(&short, &serde_json::json!({"seats": 1})).send().await;
        assert_eq!(sold.said(), "201");
        let location = partner.resolve(&short, sold.header("location"));
        assert_eq!(partner.get(&location).send().await.json(), sold.json());
        assert_eq!(partner.delete(&location).send().await.status, 204);

        let events = format!("{prefix}/events");
        let event = serde_json::json!({"name": "Any", "totalSeats": 1});
        let organiser = Callers::of_shared_stack().organiser;
        let created = organiser.post(&events, &event).send().await;
        let location = organiser.resolve(&events, created.header("location"));
        assert_eq!(organiser.get(&location).send().await.json(), created.json());
        let docs = partner.get(&format!("{prefix}/docs")).send().await;
        assert_eq!(docs.status, 200);
    }
    let nobody = Client::anonymous(url);
    for path in ["/v1", "/v2/healthcheck", "/v1v1/healthcheck", "/v1/v1/healthcheck"] {
        assert_eq!(nobody.get(path).send().await.said(), "404 route-not-found", "{path}");
    }
}

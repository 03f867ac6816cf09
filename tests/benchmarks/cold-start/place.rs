//! What functions are started with: a database with an event on sale, TLS before it, requests; and
//! the binaries themselves.

use std::path::{Path, PathBuf};

use axum::body::Bytes;
use serde_json::json;
use shared::boot::{clock, random};
use shared::creation::create_event;
use shared::dynamo::DynamoStore;
use shared::event::{Event, TotalSeats};
use shared::mark::RequestMark;
use ticketboss::local::database::Database;
use ticketboss::local::template::Template;
use ticketboss::local::{aws, build, table};
use tokio::process::Command;

use crate::tls::Tls;

/// The event that is on sale, which the paths mean that name none.
const EVENT: &str = "cold-start";

/// A place to start functions in.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) tls: Tls,
    pub(crate) settings: Vec<(String, String)>,
    _database: Database,
}

impl Place {
    pub(crate) async fn open(all_roots: bool) -> Self {
        let database = Database::open(None).expect("a database in memory");
        let client = aws::dynamodb_at(database.endpoint());
        let template = Template::read(&build::root().join("template.yaml")).expect("the template");
        table::create(&client, &template, aws::TABLE).await.expect("the table");
        let total_seats = TotalSeats::try_from(5_000).expect("it is within bounds");
        let id = EVENT.parse().expect("an id");
        let name = "Cold start".parse().expect("a name");
        let mark = RequestMark::of_random(random());
        let event = Event::new(id, name, total_seats, clock(), mark);
        let store = DynamoStore::with_client(client, aws::TABLE);
        create_event(&store, &event, random).await.expect("the table answers");

        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let tls = Tls::before(database.endpoint(), all_roots, folder);
        let settings = [
            ("AWS_REGION", aws::REGION),
            ("AWS_ACCESS_KEY_ID", aws::ACCESS_KEY),
            ("AWS_SECRET_ACCESS_KEY", aws::ACCESS_KEY),
            ("AWS_ENDPOINT_URL_DYNAMODB", &tls.endpoint),
            ("SSL_CERT_FILE", tls.roots.to_str().expect("its path is UTF-8")),
            ("TABLE_NAME", aws::TABLE),
            ("DEFAULT_EVENT_ID", EVENT),
            ("LOG_LEVEL", "info"),
        ];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        Self { tls, settings, _database: database }
    }
}

/// The functions' release binaries.
pub(crate) async fn functions() -> Vec<PathBuf> {
    let mut binaries = build::build(true).await.expect("all binaries build");
    binaries.remove("ticketboss");
    binaries.into_values().map(|binary| binary.path).collect()
}

/// The hello-world, in the same profile.
pub(crate) async fn hello_world() -> PathBuf {
    build_one("hello-world", &[]).await
}

/// Builds this release binary, with no features but its own, as for Lambda.
pub(crate) async fn build_one(name: &str, options: &[&str]) -> PathBuf {
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--release", "--workspace", "--bin", name]).args(options);
    let built = cargo.current_dir(build::root()).status().await.expect("there is `cargo`");
    assert!(built.success(), "{name} builds");
    Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("release").join(name)
}

/// An order of one seat, as API Gateway hands it to a function.
pub(crate) fn order() -> Bytes {
    request("POST", "/reservations", None)
}

/// The question for this reservation.
pub(crate) fn question(reservation: &str) -> Bytes {
    request("GET", "/reservations/{reservationId}", Some(reservation))
}

fn request(method: &str, resource: &str, reservation: Option<&str>) -> Bytes {
    let path = resource.replace("{reservationId}", reservation.unwrap_or_default());
    let request = json!({
        "resource": resource,
        "path": path,
        "httpMethod": method,
        "headers": {"Authorization": "Bearer tb_00000000000000000000", "Host": "localhost"},
        "multiValueHeaders": {
            "Authorization": ["Bearer tb_00000000000000000000"],
            "Host": ["localhost"],
        },
        "queryStringParameters": null,
        "multiValueQueryStringParameters": null,
        "pathParameters": reservation.map(|id| json!({ "reservationId": id })),
        "stageVariables": null,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "local",
            "stage": "v1",
            "protocol": "HTTP/1.1",
            "requestId": "8b1c6d3e-6d5a-4c53-9a53-6a4a0f7f7f11",
            "requestTimeEpoch": 1_764_000_000_000_u64,
            "resourcePath": resource,
            "httpMethod": method,
            "path": format!("/v1{path}"),
            "identity": {"sourceIp": "127.0.0.1", "userAgent": "partner/1.0"},
            "authorizer": {
                "partnerId": "abc-corp", "role": "partner", "principalId": "abc-corp",
            },
        },
        "body": (method == "POST").then_some(r#"{"seats":1}"#),
        "isBase64Encoded": false,
    });
    Bytes::from(request.to_string())
}

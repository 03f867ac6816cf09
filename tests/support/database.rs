//! A DynamoDB for the tests that need no whole stack: the embedded one, with the table as
//! template.yaml declares it; or the one that the environment names.

use std::sync::OnceLock;
use std::thread;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use shared::dynamo::DynamoStore;
use ticketboss::local::database::Database;
use ticketboss::local::template::Template;
use ticketboss::local::{aws, build, table};

use super::environment;

/// Keeps the embedded database open; `None` where another is used.
struct Opened {
    _embedded: Option<Database>,
    endpoint: String,
}

/// Where it answers. All tests share it, and each has its own events.
pub(crate) fn endpoint() -> &'static str {
    static OPENED: OnceLock<Opened> = OnceLock::new();
    &OPENED
        .get_or_init(|| {
            // A thread of its own, since the caller may be inside an async runtime.
            let opening = thread::spawn(open);
            opening.join().expect("the database opens")
        })
        .endpoint
}

/// A client of it. Each test needs its own: connections die with the runtime that made them.
pub(crate) fn client() -> Client {
    aws::dynamodb_at(endpoint())
}

/// The production store on it.
pub(crate) fn store() -> DynamoStore {
    DynamoStore::with_client(client(), aws::TABLE)
}

/// A number, as an item holds it.
pub(crate) fn number(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// A text, as an item holds it.
pub(crate) fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn open() -> Opened {
    let embedded = match environment::other_dynamodb() {
        Some(_) => None,
        None => Some(Database::open(None).expect("a database in memory")),
    };
    let other = || environment::other_dynamodb().expect("it is named");
    let endpoint = embedded.as_ref().map_or_else(other, |database| database.endpoint().to_owned());

    let template = Template::read(&build::root().join("template.yaml")).expect("the template");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let client = aws::dynamodb_at(&endpoint);
    let created = table::create(&client, &template, aws::TABLE);
    runtime.expect("a runtime").block_on(created).expect("the table");
    Opened { _embedded: embedded, endpoint }
}

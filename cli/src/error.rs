//! What can stop the command: each error in words that say what to do next.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

use shared::dynamo::AccessError;

/// Why the command gave up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file of the checkout cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// openapi.yaml or template.yaml says something that this stack cannot serve.
    #[error("{file}: {why}")]
    Unservable {
        /// The file's name.
        file: &'static str,
        /// What it says, and what would be understood.
        why: String,
    },
    /// Cargo could not be started.
    #[error("cannot run cargo, which builds the functions")]
    Cargo(#[source] io::Error),
    /// Cargo's own messages have said why.
    #[error("the functions do not build: cargo ended with {0}")]
    Build(ExitStatus),
    /// The port cannot be taken: most likely another process listens there.
    #[error("cannot listen on 127.0.0.1:{port}; choose another with --port, or any with --port 0")]
    Listen {
        /// The port asked for.
        port: u16,
        /// Why not.
        source: io::Error,
    },
    /// The embedded database does not start.
    #[error("cannot open the database{place}: {why}")]
    Database {
        /// Where, if it is kept: ` in DIR`.
        place: String,
        /// Why not.
        why: String,
    },
    /// The table is neither there nor can it be created.
    #[error("cannot create the table `{table}`")]
    CreateTable {
        /// Its name.
        table: String,
        /// What DynamoDB answered, if it did.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The table does not answer, or an operation on it was refused.
    #[error("table `{table}`")]
    Table {
        /// Its name.
        table: String,
        /// Why.
        source: AccessError,
    },
    /// Nothing says which table is meant.
    #[error("which table? --table NAME, TABLE_NAME in the environment, or --dynamodb-endpoint URL")]
    NoTable,
    /// Nothing says in which region the table is.
    #[error("which region? AWS_REGION in the environment, or `region` in ~/.aws/config")]
    NoRegion,
    /// Nobody says who we are on AWS.
    #[error(
        "no AWS credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment, or \
         AWS_PROFILE; `aws configure export-credentials --format env` shows those of single sign-on"
    )]
    NoCredentials(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The audit found seats that are sold twice, lost, or not to be found.
    #[error("violations found: {0}")]
    Violations(usize),
    /// The audit found nothing wrong, and could not add every event up.
    #[error("events too busy to be added up: {0}; audit them again")]
    Unsettled(usize),
    /// The target is not this machine, and the caller has not said that it is theirs.
    #[error("{host} is not this machine; if it is yours to load, say --i-own-this-target")]
    NotThisMachine {
        /// Where the target is.
        host: String,
    },
    /// The stack does not do what was asked.
    #[error("cannot {what}: {why}")]
    Refused {
        /// What was asked.
        what: &'static str,
        /// What was answered.
        why: String,
    },
    /// Nothing says which stack is meant, or who calls it.
    #[error("{0} in the environment")]
    NoStack(&'static str),
    /// The load is over, and its report says what is wrong.
    #[error("the load has found something wrong; see its report")]
    Unsound,
    /// A deployed stack does not do what its contract says; the report has said where.
    #[error("not as the contract says: {0}")]
    Smoke(usize),
    /// The report cannot be drawn.
    #[error("cannot draw the report: {0}")]
    Draw(String),
    /// A file cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The sources cannot be watched.
    #[error("cannot watch the sources")]
    Watch(#[source] notify::Error),
    /// The operating system refuses a socket, a thread or random bytes.
    #[error("cannot {what}")]
    System {
        /// What was tried.
        what: &'static str,
        /// Why not.
        source: io::Error,
    },
}

//! What the tests stand on.
//!
//! In process: [`nouns`], a [`desk`] with the real handlers, a [`counter`] that takes anything,
//! [`simulated`] and [`database`] to stand them on, [`proxy`] between them and DynamoDB. Over HTTP:
//! the real [`stack`], a [`client`] that checks every [`answer`] it gets, and a [`sale`] for each
//! test to have to itself; or a [`stand_in`] that does what no stack should.

pub(crate) mod alarm;
pub(crate) mod answer;
pub(crate) mod answering;
pub(crate) mod books;
pub(crate) mod client;
pub(crate) mod contract;
pub(crate) mod counter;
pub(crate) mod database;
pub(crate) mod desk;
pub(crate) mod environment;
pub(crate) mod history;
pub(crate) mod lambda;
pub(crate) mod ledger;
pub(crate) mod log;
pub(crate) mod losing;
pub(crate) mod metrics;
pub(crate) mod nouns;
pub(crate) mod own_table;
pub(crate) mod processes;
pub(crate) mod proxy;
pub(crate) mod requests;
pub(crate) mod sale;
pub(crate) mod schema;
pub(crate) mod simulated;
pub(crate) mod simulation;
pub(crate) mod stack;
pub(crate) mod stand_in;
pub(crate) mod stores;
pub(crate) mod wire;

//! The production store: one DynamoDB table, every write conditional.
//!
//! `table` sends the calls, `verdict` says what an error means, `item` knows the attributes;
//! `pools`, `access` and `books` are what sellers, operators and the audit ask for.

mod access;
mod attempts;
mod books;
mod checksum;
mod connection;
mod item;
mod pools;
mod spend;
mod table;
mod verdict;

pub use self::access::AccessError;
pub use self::table::DynamoStore;

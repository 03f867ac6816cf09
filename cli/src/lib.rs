//! `ticketboss`: the operator's command, and the whole stack on one machine.
//!
//! [`local::Stack`] is what `ticketboss local` and a bare `cargo run` start, and what the
//! end-to-end tests start too: the real function binaries, the real contract, the real table's
//! properties. [`partners`] is `ticketboss partner`: access keys, in a deployed stack's table or in
//! the local one's. [`audit`] is `ticketboss audit`: whether every seat is there, and only once.
//! [`events`] is `ticketboss event`: creates events, and pauses, resumes and closes their sales.
//! [`load`] is `ticketboss load`: orders for any stack, and whether the books balance after them.
//! [`smoke`] is `ticketboss smoke`: every operation of a stack that was just deployed, once.

pub mod audit;
pub mod error;
pub mod events;
mod http_client;
pub mod load;
pub mod local;
mod output;
pub mod partners;
mod place;
pub mod smoke;
pub mod target;

pub use error::Error;

//! The nouns of TicketBoss. Its verbs are in `functions/`, its promises in `tests/`.
//!
//! A *partner* sends an [`order`]; it becomes a [`reservation`] in a [`pool`] of an [`event`], or
//! meets a [`refusal`]. A pool is one stored item that holds its free seats and the reservations
//! which took the others, so that one conditional write is the whole sale.
//!
//! ```text
//! functions/*      parse → load → decide → commit → answer
//!   parse, answer    HTTP in, HTTP out; problem: every answer but success
//!   trail            what a request meets on its way, for its one line in the log
//!   desk             what a handler works with: store, clock, randomness
//!   commit           the loop: read, decide, commit, and again after a lost race
//!   batch            who meets at one pool in one process, and commits together
//!   creation         how an event comes to be, in as many steps as it needs
//!   amending         how an event comes to be changed, so that all its pools know
//!   cancelling       how all reservations of an event come to be cancelled
//!   sweep            something that is done to every pool of an event
//!   lookout          how an instance comes to know of all pools, at the least cost to all
//!   list, directory  reservations and events, a page at a time; paging: how pages go on
//!   view             the pools in view: gathers free seats when one has too few
//!   board            what all instances know of the pools, and what may be refused by that
//!   rules            what may become of a pool, pure
//!   terms            on what terms seats are sold, and when
//!   pool             seats and reservations that change in one step; hold: what has an end
//!   store            the one way to change a pool; dynamo: on DynamoDB
//!   audit            whether what stands in the store keeps promise 1; findings: what is wrong;
//!                    repair: what of it can be mended, after a restore
//! ```
//!
//! Where each promise is kept:
//!
//! 1. *No seat sold twice, none lost:* [`pool`] checks the sum around every step, and
//!    [`store::Store::commit`] writes a step whole, on condition of the version it started from.
//! 2. *A retried request is one reservation:* its [`reservation::ReservationId`] is made of its
//!    key, and every rule looks for the request's own work first.
//! 3. *A refusal is true:* [`board`] proves it, and says how; [`commit`] retries lost races.
//! 4. *A partner has its own reservations only:* [`access::Caller::may_act_for`].
//! 5. *A hold that is over is free:* whoever decides on a pool settles it, [`pool::Pool::settled`].

pub mod access;
pub mod amending;
pub mod answer;
pub mod audit;
pub mod batch;
pub mod board;
pub mod boot;
pub mod cancelling;
pub mod character;
pub mod commit;
pub mod config;
pub mod creation;
pub mod desk;
pub mod directory;
pub mod dynamo;
pub mod event;
pub mod findings;
pub mod hold;
pub mod list;
pub mod lookout;
pub mod mark;
mod members;
pub mod order;
pub mod paging;
pub mod parse;
pub mod pool;
pub mod problem;
pub mod refusal;
pub mod repair;
pub mod reservation;
pub mod rules;
pub mod store;
pub mod summary;
mod sweep;
pub mod tags;
pub mod terms;
pub mod text;
mod trail;
pub mod view;

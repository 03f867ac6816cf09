//! Pools and, beside them, a ledger that knows only what was promised: who has which seats, and
//! since when they have not. Every step must leave the two in agreement.

mod amendments;
mod holds;
mod sale;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use shared::access::{Caller, Role};
use shared::board::Census;
use shared::event::Event;
use shared::mark::RequestMark;
use shared::order::{Amendment, Order};
use shared::pool::{Change, Pool};
use shared::refusal::Refusal;
use shared::reservation::{Reservation, ReservationId, Status};
use shared::rules::Decision;
use shared::summary::Summary;
use shared::terms::{Sale, Terms};
use shared::view::View;

use super::nouns;

/// One thing that happens to an event. Callers, keys and marks are few, so that they meet.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Reserve { caller: usize, key: u8, seats: u64, reference: bool, hold: Option<u64> },
    Amend { caller: usize, owner: usize, key: u8, seats: u64, is_seen: bool },
    Confirm { caller: usize, owner: usize, key: u8 },
    Extend { caller: usize, owner: usize, key: u8, seconds: u64 },
    Cancel { caller: usize, owner: usize, key: u8, by: u64 },
    Terms { sale: Sale, order_max: Option<u64> },
    CancelAll { by: u64 },
    Wait { seconds: i64 },
}

/// An event, how its pools stand, and the ledger.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) event: Event,
    pub(crate) pools: Vec<Pool>,
    pub(crate) now: Timestamp,
    ledger: BTreeMap<ReservationId, Reservation>,
    /// What was ordered, whatever it was changed to.
    orders: BTreeMap<ReservationId, Order>,
    pub(crate) callers: [Caller; 3],
    pub(crate) seen: BTreeSet<&'static str>,
}

impl World {
    pub(crate) fn new(event: Event) -> Self {
        let caller = |id, role| Caller { id: nouns::partner(id), role };
        let callers = [
            caller("abc-corp", Role::Partner),
            caller("other", Role::Partner),
            caller("organiser", Role::Organiser),
        ];
        let pools = Pool::open_all(&event);
        let now = nouns::start_of_time();
        let (ledger, orders, seen) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        Self { event, pools, now, ledger, orders, callers, seen }
    }

    /// Takes one step; whatever a rule decides must be what the ledger says.
    pub(crate) fn take(&mut self, step: &Step) {
        match *step {
            Step::Reserve { caller, key, seats, reference, hold } => {
                let caller = self.callers[caller].clone();
                let id = self.id_of(&caller, key);
                let reference = reference.then(|| "A-17".parse().expect("a reference"));
                let hold = hold.map(|seconds| seconds.try_into().expect("60 to 900 seconds"));
                let order = nouns::order(caller.id.as_str(), seats);
                self.reserve(&id, &Order { reference, hold, ..order });
            }
            Step::Amend { caller, owner, key, seats, is_seen } => {
                let id = self.id_of(&self.callers[owner], key);
                let seats = Some(seats.try_into().expect("1 to 10 seats"));
                let amendment = Amendment { seats, reference: None };
                self.amend(&id, &self.callers[caller].clone(), &amendment, is_seen);
            }
            Step::Confirm { caller, owner, key } => {
                let id = self.id_of(&self.callers[owner], key);
                self.confirm(&id, &self.callers[caller].clone());
            }
            Step::Extend { caller, owner, key, seconds } => {
                let id = self.id_of(&self.callers[owner], key);
                let time = seconds.try_into().expect("60 to 900 seconds");
                self.extend(&id, &self.callers[caller].clone(), time);
            }
            Step::Cancel { caller, owner, key, by } => {
                let id = self.id_of(&self.callers[owner], key);
                self.cancel(&id, &self.callers[caller].clone(), RequestMark::new(by));
            }
            Step::Terms { sale, order_max } => {
                let order_max = order_max.map(|max| max.try_into().expect("1 to 10 seats"));
                self.change_terms(Terms { sale, order_max, ..Terms::default() });
            }
            Step::CancelAll { by } => self.cancel_all(RequestMark::new(by)),
            Step::Wait { seconds } => {
                self.now += SignedDuration::from_secs(seconds);
                self.let_holds_end();
            }
        }
    }

    pub(crate) fn id_of(&self, caller: &Caller, key: u8) -> ReservationId {
        ReservationId::of_key(&self.event, &caller.id, &key.to_string().parse().expect("a key"))
    }

    fn reserve(&mut self, id: &ReservationId, order: &Order) {
        let (requested, free) = (order.seats.get(), self.free_seats());
        let home = self.pools[usize::from(id.pool().get())].settled(self.now).into_owned();
        let whole = View::of_all(self.pools.clone(), id.pool()).expect("the home pool is there");
        let decided = whole.reserve(id, order, self.now);

        match self.ledger.get(id) {
            Some(standing) if self.is_of(standing, order) => {
                assert_eq!(decided, Ok(Decision::Standing(standing.clone())));
                self.seen.insert("replayed");
            }
            Some(_) => {
                assert_eq!(decided, Err(Refusal::IdempotencyKeyReused));
                self.seen.insert("key reused");
            }
            None if let Err(refusal) = self.event.terms.admit(requested, self.now) => {
                assert_eq!(decided, Err(refusal));
                self.seen.insert("refused by the terms");
            }
            None if order.hold.is_some() && self.held_in(id, &order.partner) + requested > 25 => {
                assert_eq!(decided, Err(Refusal::TooManyHeld));
                self.seen.insert("too many held");
            }
            None if free < requested => {
                assert_eq!(decided, Err(Refusal::NotEnoughSeats { requested, available: free }));
                self.seen.insert("not enough seats");
            }
            None => {
                let narrow = View::of_home(home.clone()).reserve(id, order, self.now);
                let Ok(Decision::Commit(changes, sold)) = decided else { panic!("{decided:?}") };
                self.check_gifts(&home, requested, &changes);
                if home.available() >= requested {
                    assert_eq!(narrow, Ok(Decision::Commit(changes.clone(), sold.clone())));
                } else {
                    let available = home.available();
                    assert_eq!(narrow, Err(Refusal::NotEnoughSeats { requested, available }));
                }
                assert!(sold.is_of(order) && sold.is_live() && sold.created_at == self.now);
                self.commit(&changes, sold);
                self.orders.insert(*id, order.clone());
                self.seen.insert("sold");
            }
        }
    }

    fn is_of(&self, standing: &Reservation, order: &Order) -> bool {
        self.orders.get(&standing.id) == Some(order)
    }

    /// A gather takes what is missing from the fewest pools that have it; and half of what is left,
    /// too, where one is enough.
    fn check_gifts(&mut self, home: &Pool, requested: u32, changes: &[Change]) {
        let missing = requested.saturating_sub(home.available());
        let settled = |pool: &Pool| pool.settled(self.now).into_owned();
        let pools: Vec<_> = self.pools.iter().map(settled).collect();
        let mut free: Vec<_> = pools.iter().map(Pool::available).collect();
        free[usize::from(home.index().get())] = 0;
        free.sort_unstable();
        let mut given = 0;
        let fullest_first = free.iter().rev();
        let donors_min = fullest_first.take_while(|free| (given < missing, given += *free).0);
        let donors_min = donors_min.count();

        let (receiver, donors) = changes.split_first().expect("a sale changes its home pool");
        assert_eq!(receiver.pool(), home.index());
        assert_eq!(donors.len(), donors_min, "no more donors than needed");
        assert!(donors.len() <= 10, "an order of 10 seats has at most 10 donors");
        let given = donors.iter().map(|donor| {
            let before = &pools[usize::from(donor.pool().get())];
            assert!(written(before, donor.after()).is_empty());
            (before.available(), before.available() - donor.after().available())
        });
        let given: Vec<_> = given.collect();
        let received = match given[..] {
            [(available, given)] => {
                assert_eq!(given, missing + (available - missing) / 2, "it shares the rest");
                given
            }
            _ => {
                let received = given.iter().map(|(_, given)| given).sum();
                assert_eq!(received, missing, "no more seats than are missing");
                received
            }
        };
        assert_eq!(receiver.after().capacity(), home.capacity() + received);
        if donors.len() > 1 {
            self.seen.insert("gathered from several");
        }
    }

    fn cancel(&mut self, id: &ReservationId, caller: &Caller, by: RequestMark) {
        let home = &self.pools[usize::from(id.pool().get())];
        let decided = home.cancel(id, caller, by, self.now);
        let own = self.ledger.get(id).filter(|standing| caller.may_act_for(&standing.partner));
        match own.map(|standing| (standing, standing.cancelled)) {
            None => {
                assert_eq!(decided, Err(Refusal::ReservationNotFound));
                let theirs = self.ledger.contains_key(id);
                self.seen.insert(if theirs { "another partner's" } else { "never sold" });
            }
            Some((standing, None)) if !standing.is_live() => {
                assert_eq!(decided, Err(Refusal::ReservationNotFound));
                self.seen.insert("cancelled after its hold");
            }
            Some((standing, Some(cancellation))) if cancellation.by == by => {
                assert_eq!(decided, Ok(Decision::Standing(standing.clone())));
                self.seen.insert("cancellation replayed");
            }
            Some((_, Some(_))) => {
                assert_eq!(decided, Err(Refusal::ReservationNotFound));
                self.seen.insert("cancelled twice");
            }
            Some((standing, None)) => {
                let Ok(Decision::Commit(changes, ended)) = decided else { panic!("{decided:?}") };
                let cancelled = ended.cancelled.expect("it is cancelled");
                assert_eq!((cancelled.at, cancelled.by), (self.now, by));
                let before =
                    Reservation { cancelled: None, version: standing.version, ..ended.clone() };
                assert_eq!(before, *standing, "nothing else changes");
                assert!(ended.version > standing.version, "its version only grows");
                assert_eq!(changes.len(), 1);
                self.commit(&changes, ended);
                self.seen.insert("cancelled");
            }
        }
    }

    /// Writes the changes, as a store would, and checks each against the pool before it.
    fn commit(&mut self, changes: &[Change], reservation: Reservation) {
        for change in changes {
            let before = self.pools[usize::from(change.pool().get())].clone();
            assert_eq!(change.expected(), before.stamp());
            assert_eq!(change.after().version(), before.version() + 1, "versions step by one");
            let after = change.after();
            self.forget_dropped(&before, after);
            if change.pool() == reservation.id.pool() {
                assert_eq!(written(&before.settled(self.now), after), [&reservation]);
            }
            self.pools[usize::from(change.pool().get())] = after.clone();
        }
        self.ledger.insert(reservation.id, reservation);
    }

    pub(crate) fn free_seats(&self) -> u32 {
        let live = self.ledger.values().filter(|reservation| reservation.is_live());
        let taken: u32 = live.map(|reservation| reservation.seats.get()).sum();
        self.event.total_seats.get().checked_sub(taken).expect("no seat is sold twice")
    }

    /// Promise 1, and that the pools hold what the ledger says.
    pub(crate) fn audit(&self) {
        let mut kept = BTreeMap::new();
        for pool in &self.pools {
            let live = pool.reservations().filter(|reservation| reservation.is_live());
            let taken: u32 = live.map(|reservation| reservation.seats.get()).sum();
            assert_eq!(pool.available() + taken, pool.capacity(), "promise 1");
            for reservation in pool.settled(self.now).reservations() {
                assert_eq!(reservation.id.pool(), pool.index());
                kept.insert(reservation.id, reservation.clone());
                for caller in &self.callers {
                    let visible = pool.reservation(&reservation.id, caller).is_some();
                    assert_eq!(visible, caller.may_act_for(&reservation.partner));
                }
            }
        }
        assert_eq!(kept, self.ledger);

        let summary = Summary::of(&self.event, &Census::of(&self.pools, self.now), self.now);
        assert_eq!(summary.available_seats, self.free_seats());
        let taken = summary.reserved_seats + summary.held_seats;
        assert_eq!(summary.available_seats + taken, summary.total_seats);
        let held = self.ledger.values().filter(|one| one.status() == Status::Held);
        assert_eq!(summary.held_seats, held.map(|one| one.seats.get()).sum::<u32>());
        let live = kept.values().filter(|reservation| reservation.is_live());
        assert_eq!(summary.reservation_count, u64::try_from(live.count()).expect("few"));
    }
}

/// The reservations that are new or other than before.
fn written<'a>(before: &Pool, after: &'a Pool) -> Vec<&'a Reservation> {
    let old: BTreeMap<_, _> = before.reservations().map(|one| (one.id, one)).collect();
    after.reservations().filter(|one| old.get(&one.id) != Some(one)).collect()
}

fn has(pool: &Pool, id: &ReservationId) -> bool {
    pool.reservations().any(|one| one.id == *id)
}

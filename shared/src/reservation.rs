//! A reservation: seats of one event that are a partner's, or were.

mod status;

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use uuid::Uuid;

pub use self::status::Status;
use crate::event::{Event, PoolIndex};
use crate::hold::{Hold, HoldState};
use crate::mark::{RequestMark, digest, halves};
use crate::order::{Amendment, Order, SeatCount};
use crate::refusal::Refusal;
use crate::text::{IdempotencyKey, Malformed, PartnerId, PartnerReference};

/// What is kept of one reservation, from its sale until a day after its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    /// Names it, and says which pool holds it.
    pub id: ReservationId,
    /// Whose it is.
    pub partner: PartnerId,
    /// How many seats it took.
    pub seats: SeatCount,
    /// The partner's own name for it.
    pub reference: Option<PartnerReference>,
    /// When it was sold.
    pub created_at: Timestamp,
    /// The pool's version that its last change made: its `ETag`.
    pub version: u64,
    /// What it was ordered as, if it was changed since.
    pub ordered: Option<RequestMark>,
    /// Until when it is held, or was. `None` if it was bought at once.
    pub hold: Option<Hold>,
    /// When and by which request it was cancelled. `None` while its seats are taken.
    pub cancelled: Option<Cancellation>,
}

impl Reservation {
    /// Whether this is the reservation that the order asks for.
    pub fn is_of(&self, order: &Order) -> bool {
        let (seats, reference) = (order.seats, order.reference.as_ref());
        let is_as_ordered = match self.ordered {
            Some(mark) => mark == RequestMark::of_order(&order.partner, seats.get(), reference),
            None => self.seats == seats && self.reference.as_ref() == reference,
        };
        is_as_ordered
            && self.partner == order.partner
            && self.hold.map(|hold| hold.time) == order.hold
    }

    /// This reservation with these seats and this reference, where they are named.
    pub(crate) fn amended(&self, amendment: &Amendment) -> Self {
        let reference = amendment.reference.clone().or_else(|| self.reference.clone());
        let seats = amendment.seats.unwrap_or(self.seats);
        if seats == self.seats && reference == self.reference {
            return self.clone();
        }
        let (had, called) = (self.seats.get(), self.reference.as_ref());
        let mark =
            self.ordered.unwrap_or_else(|| RequestMark::of_order(&self.partner, had, called));
        Self { seats, reference, ordered: Some(mark), ..self.clone() }
    }

    /// Whether its seats are taken.
    pub fn is_live(&self) -> bool {
        self.ended_at().is_none()
    }

    /// When its seats went back, if they did.
    pub fn ended_at(&self) -> Option<Timestamp> {
        let expired = self.hold.filter(|hold| hold.state == HoldState::Expired);
        self.cancelled.map(|end| end.at).or(expired.map(|hold| hold.until))
    }

    /// Whether its hold was over before it was confirmed or cancelled.
    pub fn has_expired(&self) -> bool {
        self.cancelled.is_none() && !self.is_live()
    }

    /// Until when its seats are held, if they are taken and not bought yet.
    pub fn held_until(&self) -> Option<Timestamp> {
        let held = self.hold.filter(|hold| hold.state == HoldState::Held)?;
        self.cancelled.is_none().then_some(held.until)
    }

    /// When its hold ends, or has ended unconfirmed.
    pub fn expires_at(&self) -> Option<Timestamp> {
        let unconfirmed = self.hold.filter(|hold| hold.state != HoldState::Confirmed)?;
        self.cancelled.is_none().then_some(unconfirmed.until)
    }

    /// This reservation, whose hold has come to this.
    pub(crate) fn with_hold(&self, state: HoldState) -> Self {
        Self { hold: self.hold.map(|hold| Hold { state, ..hold }), ..self.clone() }
    }

    /// What it is now, if its pool was settled just now.
    pub fn status(&self) -> Status {
        match (self.cancelled, self.hold.map(|hold| hold.state)) {
            (Some(_), _) => Status::Cancelled,
            (None, Some(HoldState::Held)) => Status::Held,
            (None, Some(HoldState::Expired)) => Status::Expired,
            (None, Some(HoldState::Confirmed) | None) => Status::Confirmed,
        }
    }
}

/// The end of a reservation: when, and by which request, so that a retry knows its own work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cancellation {
    /// When the seats went back.
    pub at: Timestamp,
    /// Which request gave them back.
    pub by: RequestMark,
}

/// Names a reservation: a UUID version 8 whose first 16 bits are the index of its pool.
///
/// The rest is random; or, for a request with an `Idempotency-Key`, a SHA-256 of event, caller and
/// key, so that every retry of that request names the same reservation in the same pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReservationId(Uuid);

impl ReservationId {
    /// The id that every request of this caller with this key has for this event.
    pub fn of_key(event: &Event, caller: &PartnerId, key: &IdempotencyKey) -> Self {
        let bits = digest(&["reserve", event.id.as_str(), caller.as_str(), key.as_str()]);
        Self::in_pool(event.pools.pick(bits), bits)
    }

    /// The id of a reservation in this pool, of bits that are random; or else a hash.
    pub fn in_pool(index: PoolIndex, bits: [u8; 32]) -> Self {
        let [bytes, _] = halves(bits);
        Self(uuid::Builder::from_custom_bytes(bytes).into_uuid()).moved_to(index)
    }

    /// The id that the same request has in this pool.
    pub fn moved_to(&self, index: PoolIndex) -> Self {
        let mut bytes = *self.0.as_bytes();
        for (byte, of_index) in bytes.iter_mut().zip(index.get().to_be_bytes()) {
            *byte = of_index;
        }
        Self(Uuid::from_bytes(bytes))
    }

    /// The pool that holds, or would hold, this reservation.
    pub fn pool(&self) -> PoolIndex {
        let [high, low, ..] = *self.0.as_bytes();
        PoolIndex::new(u16::from_be_bytes([high, low]))
    }

    /// A position below `count` that differs from id to id, to begin a search at.
    pub(crate) fn start_among(&self, count: usize) -> usize {
        let [.., high, low] = *self.0.as_bytes();
        usize::from(u16::from_be_bytes([high, low])).checked_rem(count).unwrap_or(0)
    }

    /// The pool that holds this reservation, if it can be one of this event's.
    ///
    /// # Errors
    ///
    /// [`Refusal::ReservationNotFound`] for an id that names a pool which the event has not.
    pub fn home_in(&self, event: &Event) -> Result<PoolIndex, Refusal> {
        let home = self.pool();
        if home.get() < event.pools.get() { Ok(home) } else { Err(Refusal::ReservationNotFound) }
    }

    /// The id's 16 bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// The id's last 14 bytes, which the store keeps: its pool says the first two.
    pub(crate) fn beyond_pool(&self) -> [u8; 14] {
        let [_, _, beyond @ ..] = *self.0.as_bytes();
        beyond
    }

    /// The id in this pool whose last 14 bytes these are, if that is an id.
    pub(crate) fn of_pool(index: PoolIndex, beyond: [u8; 14]) -> Option<Self> {
        let mut bytes = [0; 16];
        bytes[2..].copy_from_slice(&beyond);
        Some(Self::from_bytes(bytes)?.moved_to(index))
    }

    /// The id whose 16 bytes these are, if they are an id.
    pub fn from_bytes(bytes: [u8; 16]) -> Option<Self> {
        let id = Uuid::from_bytes(bytes);
        (id.get_version_num() == 8 && id.get_variant() == uuid::Variant::RFC4122)
            .then_some(Self(id))
    }
}

impl FromStr for ReservationId {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let malformed = Malformed::Unlike("a reservation's id, as `reserveSeats` answered it");
        let hyphenated = text.len() == uuid::fmt::Hyphenated::LENGTH;
        let id = Uuid::try_parse(text).ok().filter(|_| hyphenated).ok_or(malformed)?;
        Self::from_bytes(id.into_bytes()).ok_or(malformed)
    }
}

impl fmt::Display for ReservationId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

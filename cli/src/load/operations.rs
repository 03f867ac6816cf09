//! What is asked of the stack: operations, how often each is chosen, and the requests they make.

use std::fmt;
use std::str::FromStr;

use rand::RngExt;
use rand::rngs::StdRng;

/// An operation of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// Takes seats.
    Reserve,
    /// Gives a reservation's seats back.
    Cancel,
    /// Reads a reservation.
    Show,
    /// Reads the event's numbers.
    Summarize,
}

impl Operation {
    const ALL: [Self; 4] = [Self::Reserve, Self::Cancel, Self::Show, Self::Summarize];

    /// Its word on the command line and in the report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reserve => "reserve",
            Self::Cancel => "cancel",
            Self::Show => "show",
            Self::Summarize => "summarize",
        }
    }
}

/// How many of so many requests are of each operation: `reserve=80,cancel=20`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mix(Vec<(Operation, u32)>);

impl Mix {
    /// An operation, each as likely as it has parts.
    pub(crate) fn choose(&self, dice: &mut StdRng) -> Operation {
        let total = self.0.iter().fold(0_u32, |sum, (_, parts)| sum.saturating_add(*parts));
        let mut left = dice.random_range(0..total);
        for (operation, parts) in &self.0 {
            match left.checked_sub(*parts) {
                Some(rest) => left = rest,
                None => return *operation,
            }
        }
        unreachable!("what was drawn is less than all parts together")
    }
}

impl FromStr for Mix {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "must be like reserve=80,cancel=10,show=5,summarize=5, \
                                each at most once, with some to reserve";
        let part = |part: &str| {
            let (word, parts) = part.split_once('=')?;
            let operation = Operation::ALL.into_iter().find(|one| one.as_str() == word)?;
            let parts = parts.parse().ok().filter(|parts| *parts <= 1_000_000)?;
            Some((operation, parts))
        };
        let mut parts: Vec<_> = text.split(',').map(part).collect::<Option<_>>().ok_or(EXPECTED)?;
        parts.sort_unstable();
        let is_once = parts.is_sorted_by(|(one, _), (next, _)| one < next);
        let sells = parts.iter().any(|part| matches!(part, (Operation::Reserve, 1..)));
        if is_once && sells { Ok(Self(parts)) } else { Err(EXPECTED) }
    }
}

impl fmt::Display for Mix {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts =
            self.0.iter().map(|(operation, parts)| format!("{}={parts}", operation.as_str()));
        formatter.write_str(&parts.collect::<Vec<_>>().join(","))
    }
}

/// A reservation that this load made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) id: String,
    pub(crate) seats: u32,
    /// Which of the access keys it was made with: no other can see it.
    pub(crate) key: usize,
}

/// What is sent, and could be sent again as it is.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) what: What,
    /// Which of the access keys it is sent with.
    pub(crate) key: usize,
    pub(crate) idempotency_key: Option<String>,
}

/// The operation, and what it is about.
#[derive(Debug, Clone)]
pub(crate) enum What {
    Reserve { seats: u32 },
    Cancel(Standing),
    Show(Standing),
    Summarize,
}

impl Request {
    pub(crate) fn operation(&self) -> Operation {
        match self.what {
            What::Reserve { .. } => Operation::Reserve,
            What::Cancel(_) => Operation::Cancel,
            What::Show(_) => Operation::Show,
            What::Summarize => Operation::Summarize,
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn a_mix_names_each_operation_once_and_sells_something() {
        for wrong in ["", "reserve", "reserve=0", "cancel=1", "sell=1", "reserve=1,reserve=1"] {
            assert!(wrong.parse::<Mix>().is_err(), "{wrong}");
        }
        let mix: Mix = "show=1,reserve=3".parse().unwrap();
        assert_eq!(mix.to_string(), "reserve=3,show=1");
        let mut dice = StdRng::seed_from_u64(1);
        let drawn: Vec<_> = (0..4000).map(|_| mix.choose(&mut dice)).collect();
        let shown = drawn.iter().filter(|one| **one == Operation::Show).count();
        assert!((900..1100).contains(&shown), "{shown} of 4000");
    }
}

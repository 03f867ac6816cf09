//! The short texts that callers send: names of events, partners and references, and the keys of
//! retries. Each is checked once, where it comes in, and cannot be invalid after that.

use std::fmt;
use std::str::FromStr;

use crate::character::{Unseen, find_unseen};

/// What is wrong with a value, in words for the caller who sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// It is not of the form that is expected.
    #[error("must be {0}")]
    Unlike(&'static str),
    /// It has an invisible character.
    #[error("must not have {0}")]
    Unseen(Unseen),
}

/// Declares a checked text: its bounds in characters, what is wrong with one of that length, and
/// how to say what is expected.
macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $chars_max:literal, $check:expr, $expected:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The text as it was sent.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            fn fits(text: &str) -> bool {
                (1..=$chars_max).contains(&text.chars().count())
            }
        }

        impl FromStr for $name {
            type Err = Malformed;

            fn from_str(text: &str) -> Result<Self, Malformed> {
                let unlike = Malformed::Unlike($expected);
                if !Self::fits(text) {
                    return Err(unlike);
                }
                let check: fn(&str, Malformed) -> Result<(), Malformed> = $check;
                check(text, unlike).map(|()| Self(text.to_owned()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}

/// Declares how a text comes back from the store: of its length, and with any characters. What was
/// allowed when it was stored may not be any more.
macro_rules! stored {
    ($($name:ident),*) => {$(
        impl $name {
            /// The text that was stored, unless it can never have been one.
            pub(crate) fn stored(text: &str) -> Option<Self> {
                Self::fits(text).then(|| Self(text.to_owned()))
            }
        }
    )*};
}

/// Checks that a text has these characters only.
fn only(allowed: fn(char) -> bool, text: &str, otherwise: Malformed) -> Result<(), Malformed> {
    if text.chars().all(allowed) { Ok(()) } else { Err(otherwise) }
}

/// Checks that every character of a text can be seen.
fn seen(text: &str, _: Malformed) -> Result<(), Malformed> {
    find_unseen(text).map_or(Ok(()), |unseen| Err(Malformed::Unseen(unseen)))
}

text! {
    /// Names an event: 1 to 64 of `a-z 0-9 -`.
    EventId, 64,
    |text, otherwise| {
        only(|letter| matches!(letter, 'a'..='z' | '0'..='9' | '-'), text, otherwise)
    },
    "1 to 64 of a-z, 0-9 and -"
}

text! {
    /// What an event is called: 1 to 200 characters that a person sees.
    EventName, 200, seen, "1 to 200 characters"
}

text! {
    /// Names a partner or an organiser: 1 to 64 of `A-Z a-z 0-9 . _ -`.
    PartnerId, 64,
    |text, otherwise| {
        let allowed =
            |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-');
        only(allowed, text, otherwise)
    },
    "1 to 64 of A-Z, a-z, 0-9, ., _ and -"
}

text! {
    /// A partner's own name for a reservation: 1 to 64 characters that a person sees.
    PartnerReference, 64, seen, "1 to 64 characters"
}

text! {
    /// What a caller calls one try and all its retries: 1 to 255 printable ASCII characters.
    IdempotencyKey, 255,
    |text, otherwise| only(|letter| matches!(letter, ' '..='~'), text, otherwise),
    "1 to 255 printable ASCII characters"
}

stored!(EventName, PartnerReference);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_keeps_its_bounds_and_its_alphabet() {
        assert!("node-meetup-2025".parse::<EventId>().is_ok());
        assert!("x".repeat(64).parse::<EventId>().is_ok());
        for wrong in ["", "Node", "a b", "é", &"x".repeat(65)] {
            assert!(wrong.parse::<EventId>().is_err(), "{wrong:?}");
        }

        assert!("é".repeat(200).parse::<EventName>().is_ok(), "characters are counted, not bytes");
        assert!("\u{7}".parse::<EventName>().is_err());
        assert!(EventName::stored("\u{7}").is_some(), "what stands, stands");
        assert!("Abc.corp_1-2".parse::<PartnerId>().is_ok());
        assert!("abc corp".parse::<PartnerId>().is_err());
        assert!("k".repeat(256).parse::<IdempotencyKey>().is_err());
    }
}

//! The short texts that callers send: names of events, partners and references, and the keys of
//! retries. Each is checked once, where it comes in, and cannot be invalid after that.

use std::fmt;
use std::str::FromStr;

/// What a text must look like, in words for the caller who sent another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be {0}")]
pub struct Malformed(pub &'static str);

/// Declares a checked text: its bounds in characters, which characters, and how to say so.
macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $chars_max:literal, $allowed:expr, $expected:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The text as it was sent.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = Malformed;

            fn from_str(text: &str) -> Result<Self, Malformed> {
                let allowed: fn(char) -> bool = $allowed;
                let fits = (1..=$chars_max).contains(&text.chars().count());
                if fits && text.chars().all(allowed) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(Malformed($expected))
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}

text! {
    /// Names an event: 1 to 64 of `a-z 0-9 -`.
    EventId, 64,
    |letter| matches!(letter, 'a'..='z' | '0'..='9' | '-'),
    "1 to 64 of a-z, 0-9 and -"
}

text! {
    /// What an event is called: 1 to 200 characters, none of them a control character.
    EventName, 200,
    |letter| !letter.is_control(),
    "1 to 200 characters"
}

text! {
    /// Names a partner or an organiser: 1 to 64 of `A-Z a-z 0-9 . _ -`.
    PartnerId, 64,
    |letter| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-'),
    "1 to 64 of A-Z, a-z, 0-9, ., _ and -"
}

text! {
    /// A partner's own name for a reservation: 1 to 64 printable characters.
    PartnerReference, 64,
    |letter| !letter.is_control(),
    "1 to 64 printable characters"
}

text! {
    /// What a caller calls one try and all its retries: 1 to 255 printable ASCII characters.
    IdempotencyKey, 255,
    |letter| matches!(letter, ' '..='~'),
    "1 to 255 printable ASCII characters"
}

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
        assert!("Abc.corp_1-2".parse::<PartnerId>().is_ok());
        assert!("abc corp".parse::<PartnerId>().is_err());
        assert!("k".repeat(256).parse::<IdempotencyKey>().is_err());
    }
}

//! Which characters a caller's text may have: those that a person can see.
//!
//! An invisible character can make two names look alike, or reverse the direction of a line. So
//! control, format, private and unassigned characters are refused, and line separators, by their
//! general categories in Unicode
//! (<https://www.unicode.org/reports/tr44/#General_Category_Values>). A joiner or non-joiner
//! between two visible characters stays: emoji, Persian and Indic scripts need it.

use std::fmt;

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};

/// An invisible character, and where in the text it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unseen {
    character: char,
    /// Counted in characters, from 1.
    position: usize,
}

/// The first character of the text that is not allowed.
pub fn find_unseen(text: &str) -> Option<Unseen> {
    let characters: Vec<char> = text.chars().collect();
    let is_visible = |position: Option<usize>| {
        let character = position.and_then(|position| characters.get(position));
        character.is_some_and(|character| is_visible(*character))
    };
    let found = characters.iter().enumerate().find(|(position, character)| match character {
        '\u{200c}' | '\u{200d}' => {
            !is_visible(position.checked_sub(1)) || !is_visible(position.checked_add(1))
        }
        _ => is_refused(**character),
    });
    found.map(|(position, character)| Unseen {
        character: *character,
        position: position.saturating_add(1),
    })
}

fn is_refused(character: char) -> bool {
    matches!(
        character.general_category(),
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
            | GeneralCategory::PrivateUse
            | GeneralCategory::Surrogate
            | GeneralCategory::Unassigned
    )
}

fn is_visible(character: char) -> bool {
    !is_refused(character) && character.general_category() != GeneralCategory::SpaceSeparator
}

impl fmt::Display for Unseen {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.character {
            '\t' => "a tab",
            '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => "a line break",
            '\u{61c}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' => "a control of the writing direction",
            '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' => "of no width",
            other if other.is_control() => "a control character",
            other if other.general_category() == GeneralCategory::PrivateUse => "for private use",
            other if other.general_category() == GeneralCategory::Unassigned => {
                "not assigned in Unicode"
            }
            _ => "a format character",
        };
        let (code, position) = (u32::from(self.character), self.position);
        write!(formatter, "U+{code:04X} as its character {position}, which is {kind}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_is_found_and_named() {
        let seen = [
            "A-17",
            "Zoë's «Rust» 🎟",
            "family 👩\u{200d}👩\u{200d}👧",
            "pirate 🏴\u{200d}☠\u{fe0f}",
            "می\u{200c}خواهم",
            "क्\u{200d}ष",
            "e\u{301}",
            "日本語",
            "שלום",
            "العربية",
            "a b\u{a0}c",
        ];
        for text in seen {
            assert_eq!(find_unseen(text), None, "{text:?}");
        }
        let unseen = [
            ("a\tb", "U+0009 as its character 2, which is a tab"),
            ("\u{7}", "U+0007 as its character 1, which is a control character"),
            ("a\u{85}", "U+0085 as its character 2, which is a line break"),
            ("a\u{2028}b", "U+2028 as its character 2, which is a line break"),
            (
                "é\u{202e}b",
                "U+202E as its character 2, which is a control of the writing direction",
            ),
            ("a\u{2066}", "U+2066 as its character 2, which is a control of the writing direction"),
            ("a\u{200b}b", "U+200B as its character 2, which is of no width"),
            ("\u{feff}a", "U+FEFF as its character 1, which is of no width"),
            ("a\u{ad}b", "U+00AD as its character 2, which is a format character"),
            ("\u{e000}", "U+E000 as its character 1, which is for private use"),
            ("a\u{378}", "U+0378 as its character 2, which is not assigned in Unicode"),
            ("a\u{10ffff}", "U+10FFFF as its character 2, which is not assigned in Unicode"),
            // A joiner joins nothing at an end, beside a space, or beside another.
            ("\u{200d}a", "U+200D as its character 1, which is of no width"),
            ("a\u{200c}", "U+200C as its character 2, which is of no width"),
            ("a \u{200d}b", "U+200D as its character 3, which is of no width"),
            ("a\u{200d}\u{200d}b", "U+200D as its character 2, which is of no width"),
        ];
        for (text, want) in unseen {
            let found = find_unseen(text).map(|unseen| unseen.to_string());
            assert_eq!(found.as_deref(), Some(want), "{text:?}");
        }
    }
}

//! Pages of a list: how many are shown at most, and where the next goes on. A cursor says that, as
//! a text that its caller hands back and need not understand.
//!
//! A cursor grants nothing. Whoever shows one sees what it may see anyhow, from a place on, so it
//! needs no secret. Its seal tells a cursor that was altered, or belongs to another list, so that
//! no list goes on at a wrong place without anybody noticing.

use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::mark::digest;
use crate::text::Malformed;

const SEAL_BYTES: usize = 12;

/// What is wrong with a cursor: whoever knows this file can seal any place, even one that is none.
pub(crate) const UNLIKE: Malformed =
    Malformed::Unlike("a cursor of this list, with the same filters, as it was given");

/// How many a page shows at most: 1 to 200.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageSize(u8);

impl PageSize {
    /// How many.
    pub fn get(self) -> usize {
        self.0.into()
    }
}

impl Default for PageSize {
    fn default() -> Self {
        Self(50)
    }
}

impl FromStr for PageSize {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let is_plain = text.bytes().all(|letter| letter.is_ascii_digit());
        match text.parse() {
            Ok(size @ 1..=200) if is_plain => Ok(Self(size)),
            _ => Err(Malformed::Unlike("an integer from 1 to 200")),
        }
    }
}

/// The cursor of this place in a list, which these parts name: what it is of, and its filters.
pub(crate) fn write_cursor(place: &[u8], list: &[&str]) -> String {
    let seal = seal_of(place, list);
    URL_SAFE_NO_PAD.encode([&seal, place].concat())
}

/// The place that a cursor of this list means.
///
/// # Errors
///
/// [`Malformed`] for one that was altered, or belongs to another list.
pub(crate) fn read_cursor(cursor: &str, list: &[&str]) -> Result<Vec<u8>, Malformed> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| UNLIKE)?;
    let (seal, place) = bytes.split_first_chunk::<SEAL_BYTES>().ok_or(UNLIKE)?;
    if *seal == seal_of(place, list) { Ok(place.to_vec()) } else { Err(UNLIKE) }
}

fn seal_of(place: &[u8], list: &[&str]) -> [u8; SEAL_BYTES] {
    let place = URL_SAFE_NO_PAD.encode(place);
    let parts: Vec<_> = ["cursor", &place].into_iter().chain(list.iter().copied()).collect();
    *digest(&parts).first_chunk().expect("12 of 32 bytes")
}

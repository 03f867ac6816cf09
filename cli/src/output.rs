//! Output for the operator, or for a script: on stdout.

use std::io::{Write, stdout};

use crate::Error;

/// Writes the text, and flushes it.
///
/// # Errors
///
/// [`Error::System`]: a key that cannot be shown is lost.
pub(crate) fn print(text: &str) -> Result<(), Error> {
    let mut stdout = stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    written.map_err(|source| Error::System { what: "write to stdout", source })
}

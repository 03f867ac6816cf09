//! The log lines of the stack and its functions, on stderr: each begins with the name of its
//! source, dim on a terminal, so that the operator's own output stands out.

use std::io::{IsTerminal, stderr};
use std::sync::{Arc, LazyLock};

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

use super::console::{Console, Line};

/// Before and after a line.
static STYLE: LazyLock<(&str, &str)> =
    LazyLock::new(|| if stderr().is_terminal() { ("\x1b[2m", "\x1b[0m") } else { ("", "") });

/// Writes one line in the name of `speaker`.
pub(crate) fn say(speaker: &str, line: &str) {
    let (before, after) = *STYLE;
    eprintln!("{before}{speaker} | {line}{after}");
}

/// Writes every line of the stream in the name of `speaker`, until the stream ends, and has the
/// console note those of requests. A person is shown these in short; a file or a pipe gets all as
/// it is.
pub(crate) async fn relay(console: Arc<Console>, speaker: String, stream: impl AsyncRead + Unpin) {
    let for_person = stderr().is_terminal();
    let mut stream = BufReader::new(stream);
    let mut line = Vec::new();
    while matches!(stream.read_until(b'\n', &mut line).await, Ok(1..)) {
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        let request = Line::read(text);
        match &request {
            Some(request) if for_person => say("request", &request.to_text()),
            Some(_) | None => say(&speaker, text),
        }
        if let Some(request) = request {
            console.note(request);
        }
        line.clear();
    }
}

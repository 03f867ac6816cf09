//! What the operator reads once the stack answers: where it is, the keys, what to type next.

use std::fmt::Write;

use shared::access::Role;

use super::{Settings, Stack, aws};
use crate::Error;
use crate::output::print as print_all;

/// Prints it all. `Listening on` and the URL are on a line of their own, for scripts.
pub(crate) fn print(stack: &Stack, settings: &Settings) -> Result<(), Error> {
    print_all(&text(stack, settings))
}

fn text(stack: &Stack, settings: &Settings) -> String {
    let url = stack.url();
    let endpoint = stack.dynamodb_endpoint();
    let kept = match (&settings.dynamodb_endpoint, &settings.data) {
        (Some(_), _) => "not this stack's".to_owned(),
        (None, Some(folder)) => format!("kept in {}", folder.display()),
        (None, None) => "in memory, gone with this process".to_owned(),
    };
    let mut text = format!("Listening on {url}\n\n");
    let mut line = |line: String| writeln!(text, "{line}").expect("a String takes any text");

    line(format!("DynamoDB   {endpoint} (table {}, {kept})", aws::TABLE));
    for key in stack.keys() {
        line(format!("{:10} {} ({})", key.holder.id.as_str(), key.token.reveal(), key.holder.role));
    }
    if stack.keys().len() < settings.partners.len().max(1).saturating_add(1) {
        line("           (no new key for whom has five already; those still work)".to_owned());
    }
    let partner = stack.keys().iter().find(|key| key.holder.role == Role::Partner);
    let token = partner.map_or("...", |key| key.token.reveal());
    line(format!(
        "
Reserve 3 seats, see what is left, read on:

  export KEY={token}
  curl {url}/reservations -H \"Authorization: Bearer $KEY\" -d '{{\"seats\":3}}'
  curl {url}/reservations -H \"Authorization: Bearer $KEY\"
  curl {url}/docs.json   # or {url}/docs in a browser

Watch it sell: {url}/console

Another key: cargo run -- partner add ID --dynamodb-endpoint {endpoint}
Ctrl-C stops everything."
    ));
    text
}

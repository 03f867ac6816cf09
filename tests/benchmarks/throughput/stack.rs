//! The stack as its own command starts it, all of it optimised: `ticketboss local --release`.

use std::path::PathBuf;
use std::process::Stdio;

use ticketboss::local::build;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// A key of a partner, and the organiser's.
pub(crate) const PARTNER_KEY: &str = "tb_partner0000000000000";
pub(crate) const ORGANISER_KEY: &str = "tb_organiser00000000000";

/// A running stack. It is killed when dropped, and its functions end with it.
#[derive(Debug)]
pub(crate) struct Stack {
    pub(crate) address: String,
    pub(crate) dynamodb: String,
    pub(crate) binary: PathBuf,
    process: Child,
}

impl Stack {
    /// Starts it with so many instances of each function, and waits until it listens.
    pub(crate) async fn start(instances: usize) -> Self {
        let mut binaries = build::build(true).await.expect("all binaries build");
        let binary = binaries.remove("ticketboss").expect("it is one of them").path;
        let mut process = Command::new(&binary)
            .args(["local", "--release", "--port=0"])
            .arg(format!("--instances={instances}"))
            .arg(format!("--partner=abc-corp={PARTNER_KEY}"))
            .arg(format!("--organiser={ORGANISER_KEY}"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("it starts");
        let stdout = process.stdout.take().expect("it is piped");
        let mut lines = BufReader::new(stdout).lines();
        let address = address_after("Listening on", &mut lines).await;
        let dynamodb = address_after("DynamoDB", &mut lines).await;
        Self { address, dynamodb, binary, process }
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.id().expect("it runs")
    }
}

/// The address in the line that begins like this.
async fn address_after(beginning: &str, lines: &mut Lines<BufReader<ChildStdout>>) -> String {
    loop {
        let line = lines.next_line().await.expect("it is UTF-8").expect("it says where it listens");
        if let Some(rest) = line.strip_prefix(beginning) {
            let (_, address) = rest.split_once("http://").expect("a URL");
            return address.split_whitespace().next().expect("an address").to_owned();
        }
    }
}

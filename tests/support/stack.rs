//! The whole stack, as its own command starts it: one for all tests that can share it, and more
//! for those that break theirs.
//!
//! No stack outlives its test run, however that ends: a shell waits for the end of a pipe that the
//! run holds open, and then interrupts the stack as Ctrl-C would.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use shared::access::AccessToken;
use shared::boot;
use ticketboss::local::build;

use super::environment::{self, OtherStack};
use super::processes::{self, Process};
use super::sale::unique;

/// Runs the rest of the command line, under a process id that is known, until stdin ends.
const UNTIL_STDIN_ENDS: &str = r#"exec 3<&0 </dev/null
(read -r end <&3; kill -INT $$) >/dev/null 2>&1 &
exec 3<&- "$@""#;

/// The keys of those who call a stack.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    pub(crate) partner: String,
    pub(crate) other: String,
    pub(crate) organiser: String,
}

impl Keys {
    /// The same in every run: a database that is kept may have them already.
    pub(crate) fn known() -> Self {
        let key = |holder: &str| format!("tb_{holder:0<20}");
        Self { partner: key("abccorp"), other: key("other"), organiser: key("organiser") }
    }

    /// Keys that nobody has.
    pub(crate) fn new() -> Self {
        let key = || AccessToken::of_random(boot::random()).reveal().to_owned();
        Self { partner: key(), other: key(), organiser: key() }
    }

    /// The arguments that give a stack these keys.
    pub(crate) fn as_arguments(&self) -> [String; 3] {
        let Self { partner, other, organiser } = self;
        [
            format!("--partner=abc-corp={partner}"),
            format!("--partner=other={other}"),
            format!("--organiser={organiser}"),
        ]
    }
}

/// The stack that all tests share: where it is, and the keys to it.
pub(crate) fn shared() -> (&'static str, &'static Keys) {
    static SHARED: OnceLock<(String, Keys, Option<Stack>)> = OnceLock::new();
    let (url, keys, _) = SHARED.get_or_init(|| match environment::other_stack() {
        Some(OtherStack { url, key: partner, other_key: other, organiser_key: organiser }) => {
            (url, Keys { partner, other, organiser }, None)
        }
        None => {
            let stack = Stack::start(&["--instances", "8"]);
            (stack.url.clone(), stack.keys.clone(), Some(stack))
        }
    });
    (url, keys)
}

/// A stack of our own. Dropped, it stops as if Ctrl-C was pressed.
#[derive(Debug)]
pub(crate) struct Stack {
    pub(crate) url: String,
    pub(crate) keys: Keys,
    process: Child,
    stdout: BufReader<ChildStdout>,
    log: PathBuf,
}

impl Stack {
    /// Starts `ticketboss local` on any free port with the keys that all tests know and these
    /// arguments besides, and waits until it answers.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::with_keys(Keys::known(), arguments)
    }

    /// As [`Stack::start`], with these keys.
    pub(crate) fn with_keys(keys: Keys, arguments: &[&str]) -> Self {
        let mut all = vec!["local".to_owned(), "--port=0".to_owned()];
        all.extend(keys.as_arguments());
        let elsewhere = arguments.iter().any(|one| ["--data", "--dynamodb-endpoint"].contains(one));
        let endpoint = environment::other_dynamodb().filter(|_| !elsewhere);
        all.extend(endpoint.map(|endpoint| format!("--dynamodb-endpoint={endpoint}")));
        all.extend(arguments.iter().map(|&argument| argument.to_owned()));
        Self::run(binary(), &all, keys)
    }

    /// Starts this program with these arguments, and waits until it says where it listens.
    pub(crate) fn run(program: &Path, arguments: &[String], keys: Keys) -> Self {
        let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}.log", unique("stack")));
        let mut command = Command::new("sh");
        command.args(["-c", UNTIL_STDIN_ENDS, "sh"]).arg(program).args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command.stderr(File::create(&log).expect("a file for the log"));
        let mut process = without_our_package(&mut command).spawn().expect("a shell");
        let stdout = BufReader::new(process.stdout.take().expect("it is piped"));

        let mut stack = Self { url: String::new(), keys, process, stdout, log };
        stack.url = stack.line("Listening on ");
        stack
    }

    /// What it has said on stderr so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).expect("the log is UTF-8")
    }

    /// The rest of the line of its stdout that begins like this.
    pub(crate) fn line(&mut self, beginning: &str) -> String {
        let mut line = String::new();
        loop {
            line.clear();
            let read = self.stdout.read_line(&mut line).expect("stdout is UTF-8");
            assert!(read > 0, "no line begins with {beginning:?}:\n{}", self.log());
            if let Some(rest) = line.trim_end().strip_prefix(beginning) {
                return rest.trim().to_owned();
            }
        }
    }

    /// The functions it runs.
    pub(crate) fn functions(&self) -> Vec<Process> {
        let folder = binary().parent().expect("it is in a folder");
        processes::children_of(self.process.id(), folder)
    }

    /// The functions it runs, once there are so many: it answers before all have started.
    pub(crate) fn functions_when(&self, count: usize) -> Vec<Process> {
        let patience = Instant::now() + Duration::from_secs(20);
        loop {
            let functions = self.functions();
            if functions.len() == count {
                return functions;
            }
            assert!(Instant::now() < patience, "{count} functions never ran: {functions:?}");
        }
    }

    /// Sends it this signal, and waits for its end.
    pub(crate) fn end(&mut self, signal: &str) -> ExitStatus {
        processes::send(signal, self.process.id());
        self.process.wait().expect("it ends")
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        // It ends by itself; an error would mean that it has ended before.
        let _ = self.process.wait();
        if !thread::panicking() {
            let _ = fs::remove_file(&self.log);
        }
    }
}

/// The `ticketboss` binary, built with all others by the same cargo that runs the tests.
pub(crate) fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        // A thread of its own, since the caller may be inside an async runtime.
        let building = thread::spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let built = build::build(!cfg!(debug_assertions));
            runtime.expect("a runtime").block_on(built).expect("all binaries build")
        });
        let mut binaries = building.join().expect("the build does not panic");
        binaries.remove("ticketboss").expect("the workspace has this binary").path
    })
}

/// Without what cargo tells the tests of their own package: build scripts look at these variables,
/// and would run again because of them.
pub(crate) fn without_our_package(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars_os() {
        let of_package =
            |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
        if name.to_str().is_some_and(of_package) {
            command.env_remove(name);
        }
    }
    command
}

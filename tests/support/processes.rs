//! The processes of this machine, for the tests that kill some.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// A running process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) id: u32,
    parent: u32,
    program: PathBuf,
}

impl Process {
    /// The file name of its program.
    pub(crate) fn name(&self) -> &str {
        self.program.file_name().and_then(OsStr::to_str).expect("our programs have names")
    }
}

/// What this process has started that stands in this folder.
pub(crate) fn children_of(parent: u32, folder: &Path) -> Vec<Process> {
    let children = all().into_iter().filter(|process| process.parent == parent);
    children.filter(|process| process.program.starts_with(folder)).collect()
}

/// Waits until none of these runs any more.
pub(crate) fn wait_for_end_of(processes: &[Process]) {
    let patience = Instant::now() + Duration::from_secs(20);
    loop {
        let running = all();
        let lives = |one: &&Process| {
            running.iter().any(|process| (process.id, &process.program) == (one.id, &one.program))
        };
        let Some(left) = processes.iter().find(lives) else { return };
        assert!(Instant::now() < patience, "{left:?} is left behind");
    }
}

/// Sends a process this signal: `INT`, `TERM`, `KILL` or `STOP`.
pub(crate) fn send(signal: &str, id: u32) {
    let mut shell = Command::new("sh");
    let sent = shell.args(["-c", r#"kill -s "$1" "$2""#, "sh", signal, &id.to_string()]).status();
    assert!(sent.expect("a shell").success(), "process {id} is there");
}

/// All processes that run: as the kernel tells on Linux, as `ps` tells elsewhere.
fn all() -> Vec<Process> {
    let Ok(folders) = fs::read_dir("/proc") else {
        let listed = Command::new("ps").args(["-A", "-o", "pid=,ppid=,comm="]).output();
        let listed = String::from_utf8_lossy(&listed.expect("there is a `ps`").stdout).into_owned();
        return listed.lines().filter_map(of_line).collect();
    };
    let ids = folders.filter_map(|folder| folder.ok()?.file_name().to_str()?.parse().ok());
    ids.filter_map(of_kernel).collect()
}

fn of_kernel(id: u32) -> Option<Process> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let field = |name| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    if field("State:")?.starts_with('Z') {
        return None;
    }
    let program = fs::read_link(format!("/proc/{id}/exe")).ok()?;
    // Where the file was replaced meanwhile, the kernel says so behind its name.
    let program = program.to_str()?.trim_end_matches(" (deleted)").into();
    Some(Process { id, parent: field("PPid:")?.parse().ok()?, program })
}

fn of_line(line: &str) -> Option<Process> {
    let mut words = line.split_whitespace();
    let (id, parent) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let program = words.next()?.into();
    Some(Process { id, parent, program })
}

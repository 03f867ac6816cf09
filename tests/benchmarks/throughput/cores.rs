//! Who had the cores: what each part of the stack ran for, as the kernel counts it.

use std::fs;
use std::ops::{AddAssign, Sub};
use std::time::Duration;

use crate::stack::Stack;
use crate::support::processes;

/// What each part ran for.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Cores {
    /// The embedded DynamoDB: one thread of the stack.
    pub(crate) database: Duration,
    /// The gateway and the Runtime APIs: the stack's other threads.
    pub(crate) gateway: Duration,
    /// The functions' processes.
    pub(crate) functions: Duration,
    /// The callers: this process.
    pub(crate) callers: Duration,
}

impl Cores {
    /// What they ran for since they were started.
    pub(crate) fn so_far(stack: &Stack) -> Self {
        let mut cores = Self::default();
        for (thread, ran) in threads(stack.id()) {
            if thread == "database" {
                cores.database += ran;
            } else {
                cores.gateway += ran;
            }
        }
        let folder = stack.binary.parent().expect("it is in a folder");
        for function in processes::children_of(stack.id(), folder) {
            cores.functions += threads(function.id).map(|(_, ran)| ran).sum::<Duration>();
        }
        cores.callers = threads(std::process::id()).map(|(_, ran)| ran).sum();
        cores
    }
}

impl Sub for Cores {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self {
            database: self.database.saturating_sub(earlier.database),
            gateway: self.gateway.saturating_sub(earlier.gateway),
            functions: self.functions.saturating_sub(earlier.functions),
            callers: self.callers.saturating_sub(earlier.callers),
        }
    }
}

impl AddAssign for Cores {
    fn add_assign(&mut self, other: Self) {
        self.database += other.database;
        self.gateway += other.gateway;
        self.functions += other.functions;
        self.callers += other.callers;
    }
}

/// The threads of this process: their names, and what they ran for.
fn threads(process: u32) -> impl Iterator<Item = (String, Duration)> {
    let threads = fs::read_dir(format!("/proc/{process}/task"));
    threads.into_iter().flatten().filter_map(|thread| {
        let folder = thread.ok()?.path();
        let name = fs::read_to_string(folder.join("comm")).ok()?;
        let schedule = fs::read_to_string(folder.join("schedstat")).ok()?;
        let ran = schedule.split_whitespace().next()?.parse().ok()?;
        Some((name.trim().to_owned(), Duration::from_nanos(ran)))
    })
}

//! One process of a function, from its start to its last answer, and what it took.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use ticketboss::local::runtime::{self, Call, Invocation};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// A function's process that waits for a request.
#[derive(Debug)]
pub(crate) struct Function {
    child: Child,
    calls: mpsc::Receiver<Call>,
    runtime: JoinHandle<()>,
    asked: oneshot::Sender<Invocation>,
}

/// What a start took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Start {
    /// From before the process was made to its first `next`.
    pub(crate) took: Duration,
    /// What it ran for, of that.
    pub(crate) ran: Duration,
}

impl Function {
    /// Starts this program with these settings and nothing else, and waits for its first `next`.
    pub(crate) async fn start(program: &[&Path], settings: &[(String, String)]) -> (Self, Start) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let (sender, mut calls) = mpsc::channel(1);
        let runtime = tokio::spawn(runtime::serve(listener, sender));

        let (binary, arguments) = program.split_first().expect("a program");
        let mut command = Command::new(binary);
        command
            .args(arguments)
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "cold-start")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .envs(settings.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true);
        let begin = Instant::now();
        let child = command.spawn().expect("the program starts");
        let asked = next(&mut calls).await;
        let took = begin.elapsed();
        let ran = ran(&child);
        (Self { child, calls, runtime, asked }, Start { took, ran })
    }

    /// Has it answer this request, and gives the answer and how long it took: from handing over to
    /// the whole answer.
    pub(crate) async fn invoke(&mut self, payload: &Bytes) -> (Bytes, Duration) {
        let invocation = Invocation {
            request_id: "1".to_owned(),
            deadline: shared::boot::clock() + Duration::from_secs(60),
            function_arn: "arn:aws:lambda:us-east-1:123456789012:function:cold-start".to_owned(),
            payload: payload.clone(),
        };
        let (unused, _) = oneshot::channel();
        let asked = std::mem::replace(&mut self.asked, unused);
        let begin = Instant::now();
        asked.send(invocation).expect("it waits");
        let Some(Call::Done { outcome, .. }) = self.calls.recv().await else {
            panic!("it asked for more and had not answered");
        };
        let took = begin.elapsed();
        self.asked = next(&mut self.calls).await;
        (outcome.expect("it answers"), took)
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// The most memory it ever had, in bytes.
    pub(crate) fn peak_memory(&self) -> u64 {
        let status = file(&self.child, "status");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|peak| peak.trim().strip_suffix(" kB"));
        peak.expect("the kernel says so").parse::<u64>().expect("it is a number") * 1024
    }

    /// Has it end as Lambda would, and waits until it has.
    pub(crate) async fn end(mut self) {
        let id = self.id().to_string();
        let told = Command::new("kill").args(["-s", "TERM", &id]).status().await;
        assert!(told.expect("there is `kill`").success(), "it runs");
        self.child.wait().await.expect("it ends");
        self.runtime.abort();
    }
}

/// Waits until it asks for a request.
async fn next(calls: &mut mpsc::Receiver<Call>) -> oneshot::Sender<Invocation> {
    match calls.recv().await {
        Some(Call::Next(asked)) => asked,
        other => panic!("it asks for a request first: {other:?}"),
    }
}

/// How long the process has run for: its time on a core, not its waiting for one. It has one
/// thread, but for those that look names up.
fn ran(child: &Child) -> Duration {
    let schedule = file(child, "schedstat");
    let ran = schedule.split_whitespace().next().expect("the kernel says so");
    Duration::from_nanos(ran.parse().expect("it is a number"))
}

fn file(child: &Child, name: &str) -> String {
    let id = child.id().expect("it runs");
    fs::read_to_string(format!("/proc/{id}/{name}")).expect("the kernel keeps it")
}

//! One instance of a function, as Lambda keeps them: a process that is given one request at a time,
//! or as many as it may serve at once, and is replaced when it ends, hangs, or is outdated.
//!
//! The keeper's loop is the whole story of a process: it asks for work, gets a request, answers,
//! and asks again. Nothing polls and nothing sleeps, but for the pause before a binary that
//! cannot even start is tried once more.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use jiff::{SignedDuration, Timestamp};
use shared::boot::clock;
use tokio::process::Child;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::aws;
use super::function::{Function, InvokeError, Job, Phase};
use super::log::say;
use super::process::Process;
use super::runtime::{Call, Invocation};

/// How long a binary is left alone that ends before it was given any work: at first, and at last.
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// Why a process is no more.
enum Ended {
    /// The stack stops.
    Stopped,
    /// Its binary was built anew.
    Outdated,
    /// By itself, or because it had to be killed.
    Died { why: String, had_work: bool },
}

/// Keeps one process of the function running until the stack stops.
pub(crate) async fn keep(function: Arc<Function>) {
    let mut phase = function.phase();
    let mut pause = PAUSE_MIN;
    loop {
        let (why, had_work) = match run(&function, &mut phase).await {
            Ok(Ended::Stopped) => return,
            Ok(Ended::Outdated) => {
                pause = PAUSE_MIN;
                continue;
            }
            Ok(Ended::Died { why, had_work }) => (why, had_work),
            Err(error) => (format!("does not start: {error}"), false),
        };
        if had_work {
            say(&function.name, &format!("{why}; starting another process"));
            pause = PAUSE_MIN;
            continue;
        }
        say(&function.name, &format!("{why} before its first request; trying again in {pause:?}"));
        tokio::select! {
            () = stopped(&mut phase) => return,
            () = sleep(pause) => pause = pause.saturating_mul(2).min(PAUSE_MAX),
        }
    }
}

/// Starts a process and serves it until it is no more.
async fn run(function: &Function, phase: &mut watch::Receiver<Phase>) -> io::Result<Ended> {
    let started_in = *phase.borrow();
    if started_in == Phase::Stopped {
        return Ok(Ended::Stopped);
    }
    let mut process = Process::start(function).await?;
    let Process { child, calls, .. } = &mut process;
    let mut shift = Shift::of(function);
    let ended = loop {
        let (under_way, had_work) = (shift.under_way.len(), shift.had_work);
        let may_work = !shift.asks.is_empty() && *phase.borrow() == started_in;
        tokio::select! {
            biased;
            ended = left(child, phase, started_in, under_way, had_work) => break ended,
            call = next_call(calls) => {
                if let Err(ended) = shift.hear(call) {
                    break ended;
                }
            }
            () = sleep_until(shift.deadline()) => {
                if let Err(ended) = shift.give_up() {
                    break ended;
                }
            }
            job = function.next_job(), if may_work => shift.hand_over(job),
        }
    };
    process.kill().await;
    Ok(ended)
}

/// What a process is asked, and asks for.
struct Shift<'a> {
    function: &'a Function,
    /// Where it waits for requests.
    asks: Vec<oneshot::Sender<Invocation>>,
    /// What it has not answered yet, by request id.
    under_way: HashMap<String, UnderWay>,
    had_work: bool,
}

struct UnderWay {
    answer: oneshot::Sender<Result<Bytes, InvokeError>>,
    deadline: Instant,
}

impl<'a> Shift<'a> {
    fn of(function: &'a Function) -> Self {
        Self { function, asks: Vec::new(), under_way: HashMap::new(), had_work: false }
    }

    /// Hands over one request. Its caller always gets an answer: when the process ends instead,
    /// dropping `answer` says so.
    fn hand_over(&mut self, job: Job) {
        let Some(ask) = self.asks.pop() else { return self.function.enqueue(job) };
        let request_id = Uuid::new_v4().to_string();
        let invocation = Invocation {
            request_id: request_id.clone(),
            deadline: deadline(self.function.timeout),
            function_arn: aws::function_arn(&self.function.name),
            payload: job.payload,
        };
        self.had_work = true;
        if let Err(Invocation { payload, .. }) = ask.send(invocation) {
            // It stopped asking. Another gets the request; if it has ended, that is seen next.
            return self.function.enqueue(Job { payload, answer: job.answer });
        }
        let now = Instant::now();
        let deadline = now.checked_add(self.function.timeout).unwrap_or(now);
        self.under_way.insert(request_id, UnderWay { answer: job.answer, deadline });
    }

    /// Takes an answer, or that the process waits for a request.
    fn hear(&mut self, call: Call) -> Result<(), Ended> {
        match call {
            Call::Next(ask) => self.asks.push(ask),
            Call::Done { request_id, outcome } => {
                // There is none if it is a second answer to the same request, or comes too late.
                if let Some(done) = self.under_way.remove(&request_id) {
                    let _ = done.answer.send(outcome.map_err(InvokeError::Failed));
                }
            }
        }
        self.asks.retain(|ask| !ask.is_closed());
        let most = self.function.concurrency.get();
        if self.asks.len().saturating_add(self.under_way.len()) > most {
            let why = "did not answer and asked for more".to_owned();
            return Err(Ended::Died { why, had_work: true });
        }
        Ok(())
    }

    /// When the next request must have been answered.
    fn deadline(&self) -> Option<Instant> {
        self.under_way.values().map(|one| one.deadline).min()
    }

    /// Tells the callers of all requests whose time is over. A process that serves one at a time is
    /// killed then, as Lambda does; one that serves several goes on, as on managed instances.
    fn give_up(&mut self) -> Result<(), Ended> {
        let late = self.under_way.extract_if(|_, one| one.deadline <= Instant::now());
        late.for_each(|(_, one)| drop(one.answer.send(Err(InvokeError::TimedOut))));
        if self.function.concurrency.get() > 1 {
            return Ok(());
        }
        let why = format!("was killed: no answer after {:?}", self.function.timeout);
        Err(Ended::Died { why, had_work: true })
    }
}

/// Waits for what takes a process out of service: if it is busy, only what takes it at once.
async fn left(
    child: &mut Child,
    phase: &mut watch::Receiver<Phase>,
    started_in: Phase,
    under_way: usize,
    had_work: bool,
) -> Ended {
    let is_over =
        |phase: &Phase| *phase == Phase::Stopped || under_way == 0 && *phase != started_in;
    tokio::select! {
        changed = phase.wait_for(is_over) => match changed.as_deref() {
            Ok(Phase::Serving(_)) => Ended::Outdated,
            Ok(Phase::Stopped) | Err(_) => Ended::Stopped,
        },
        status = Process::ended(child) => {
            let why = match under_way {
                0 => format!("ended ({status})"),
                1 => format!("died with a request ({status})"),
                many => format!("died with {many} requests ({status})"),
            };
            Ended::Died { why, had_work }
        }
    }
}

/// Waits for what the process says next.
async fn next_call(calls: &mut mpsc::Receiver<Call>) -> Call {
    match calls.recv().await {
        Some(call) => call,
        None => std::future::pending().await,
    }
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// Waits until the stack stops.
async fn stopped(phase: &mut watch::Receiver<Phase>) {
    // An error means that the function is gone, and so is everybody who could ask it.
    let _ = phase.wait_for(|phase| *phase == Phase::Stopped).await;
}

fn deadline(timeout: Duration) -> Timestamp {
    let timeout = SignedDuration::try_from(timeout).unwrap_or(SignedDuration::MAX);
    clock().saturating_add(timeout).unwrap_or(Timestamp::MAX)
}

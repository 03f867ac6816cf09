//! One instance of a function, as Lambda keeps them: a process that is given one request at a time,
//! and is replaced when it ends, hangs, or is outdated.
//!
//! The keeper's loop is the whole story of a process: it asks for work, gets a request, answers,
//! and asks again. Nothing polls and nothing sleeps, but for the pause before a binary that
//! cannot even start is tried once more.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use jiff::{SignedDuration, Timestamp};
use shared::boot::clock;
use tokio::process::Child;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::sleep;
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
    let mut had_work = false;
    let ended = loop {
        let ask = tokio::select! {
            biased;
            ended = left_idle(child, phase, started_in, had_work) => break ended,
            ask = next_ask(calls) => ask,
        };
        let job = tokio::select! {
            biased;
            ended = left_idle(child, phase, started_in, had_work) => break ended,
            job = function.next_job() => job,
        };
        had_work = true;
        if let Err(ended) = work(function, child, calls, phase, ask, job).await {
            break ended;
        }
    };
    process.kill().await;
    Ok(ended)
}

/// Hands over one request and waits for its answer. Its caller always gets one: when
/// the process ends instead, dropping `job` says so.
async fn work(
    function: &Function,
    child: &mut Child,
    calls: &mut mpsc::Receiver<Call>,
    phase: &mut watch::Receiver<Phase>,
    ask: oneshot::Sender<Invocation>,
    job: Job,
) -> Result<(), Ended> {
    let request_id = Uuid::new_v4().to_string();
    let invocation = Invocation {
        request_id: request_id.clone(),
        deadline: deadline(function.timeout),
        function_arn: aws::function_arn(&function.name),
        payload: job.payload,
    };
    if let Err(Invocation { payload, .. }) = ask.send(invocation) {
        // It stopped asking. Another gets the request; if it has ended, the caller sees that next.
        function.enqueue(Job { payload, answer: job.answer });
        return Ok(());
    }
    let died = |why: String| Ended::Died { why, had_work: true };
    tokio::select! {
        biased;
        outcome = outcome_of(&request_id, calls) => {
            let outcome = outcome.ok_or_else(|| died("did not answer and asked for more".into()))?;
            let _ = job.answer.send(outcome); // Nobody may be waiting any more.
            Ok(())
        }
        status = Process::ended(child) => Err(died(format!("died with a request ({status})"))),
        () = stopped(phase) => Err(Ended::Stopped),
        () = sleep(function.timeout) => {
            let _ = job.answer.send(Err(InvokeError::TimedOut));
            Err(died(format!("was killed: no answer after {:?}", function.timeout)))
        }
    }
}

/// Waits for what takes an idle process out of service.
async fn left_idle(
    child: &mut Child,
    phase: &mut watch::Receiver<Phase>,
    started_in: Phase,
    had_work: bool,
) -> Ended {
    tokio::select! {
        changed = phase.wait_for(|phase| *phase != started_in) => match changed.as_deref() {
            Ok(Phase::Serving(_)) => Ended::Outdated,
            Ok(Phase::Stopped) | Err(_) => Ended::Stopped,
        },
        status = Process::ended(child) => {
            Ended::Died { why: format!("ended ({status})"), had_work }
        }
    }
}

/// Waits until the process asks for work.
async fn next_ask(calls: &mut mpsc::Receiver<Call>) -> oneshot::Sender<Invocation> {
    loop {
        match calls.recv().await {
            Some(Call::Next(ask)) => return ask,
            Some(Call::Done { .. }) => {} // A second answer to the same request.
            None => std::future::pending().await,
        }
    }
}

/// Waits for the answer to this request; `None` if the process asks for the next one instead.
async fn outcome_of(
    request_id: &str,
    calls: &mut mpsc::Receiver<Call>,
) -> Option<Result<Bytes, InvokeError>> {
    loop {
        match calls.recv().await {
            Some(Call::Done { request_id: done, outcome }) if done == request_id => {
                return Some(outcome.map_err(InvokeError::Failed));
            }
            Some(Call::Done { .. }) => {}
            Some(Call::Next(_)) => return None,
            None => std::future::pending().await,
        }
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

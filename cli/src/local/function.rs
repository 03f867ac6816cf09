//! One function: what runs it, the requests that wait for it, and how to ask it.
//!
//! All its instances take requests from one queue, so a request waits only while every instance
//! is busy. The queue itself has no bound: whoever waits has a bound on its patience.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Bytes;
use tokio::sync::{Mutex, mpsc, oneshot, watch};

use super::console::Console;
use super::template::FunctionSettings;

/// A function, shared by the gateway that asks and the instances that answer.
#[derive(Debug)]
pub(crate) struct Function {
    /// Its name: the crate's, and the binary's.
    pub(crate) name: String,
    /// The binary.
    pub(crate) binary: PathBuf,
    /// How long one request may take, before its process is killed.
    pub(crate) timeout: Duration,
    /// What it is told it has; nothing here holds it to that.
    pub(crate) memory_mb: u32,
    /// Its own settings.
    pub(crate) environment: Vec<(String, String)>,
    /// How many requests one of its processes may serve at once.
    pub(crate) concurrency: NonZeroUsize,
    /// Who is shown what its processes say.
    pub(crate) console: Arc<Console>,
    /// How many requests wait or are served.
    under_way: AtomicUsize,
    jobs: mpsc::UnboundedSender<Job>,
    waiting: Mutex<mpsc::UnboundedReceiver<Job>>,
    phase: watch::Sender<Phase>,
}

/// A request on its way to an instance.
#[derive(Debug)]
pub(crate) struct Job {
    /// The request, as the function's handler reads it.
    pub(crate) payload: Bytes,
    /// Where the answer goes; nobody may be waiting any more.
    pub(crate) answer: oneshot::Sender<Result<Bytes, InvokeError>>,
}

/// What a function's instances are to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Serve. A process that was started under another number is outdated.
    Serving(u64),
    /// End, at once.
    Stopped,
}

/// Why a function gave no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InvokeError {
    /// The handler failed, and said so.
    #[error("{0}")]
    Failed(String),
    /// It took longer than its own timeout.
    #[error("timed out")]
    TimedOut,
    /// Its process ended before it answered.
    #[error("its process ended")]
    Died,
}

/// Counts a request as long as it lives.
struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn one_of(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Function {
    /// A function that no instance serves yet.
    pub(crate) fn new(
        settings: FunctionSettings,
        binary: PathBuf,
        environment: Vec<(String, String)>,
        concurrency: NonZeroUsize,
        console: Arc<Console>,
    ) -> Self {
        let FunctionSettings { name, timeout, memory_mb } = settings;
        let (jobs, waiting) = mpsc::unbounded_channel();
        let (phase, _) = watch::channel(Phase::Serving(0));
        let waiting = Mutex::new(waiting);
        let under_way = AtomicUsize::new(0);
        Self {
            name,
            binary,
            timeout,
            memory_mb,
            environment,
            concurrency,
            console,
            under_way,
            jobs,
            waiting,
            phase,
        }
    }

    /// Has one of the instances answer this request.
    ///
    /// Whoever drops this future gives up the answer and nothing else: a request that still waits
    /// is skipped, one that runs is finished, and its instance stays in service.
    pub(crate) async fn invoke(&self, payload: Bytes) -> Result<Bytes, InvokeError> {
        let (answer, answered) = oneshot::channel();
        let _counted = Counted::one_of(&self.under_way);
        self.enqueue(Job { payload, answer });
        answered.await.unwrap_or(Err(InvokeError::Died))
    }

    /// How many requests wait or are served just now.
    pub(crate) fn under_way(&self) -> usize {
        self.under_way.load(Ordering::Relaxed)
    }

    /// Has the request wait for the next instance that is free.
    pub(crate) fn enqueue(&self, job: Job) {
        self.jobs.send(job).expect("the function itself holds the receiver");
    }

    /// The next request that somebody still waits for. May be dropped at any time without loss.
    pub(crate) async fn next_job(&self) -> Job {
        let mut waiting = self.waiting.lock().await;
        loop {
            let job = waiting.recv().await.expect("the function itself holds a sender");
            if !job.answer.is_closed() {
                return job;
            }
        }
    }

    /// What the instances are to do, now and from now on.
    pub(crate) fn phase(&self) -> watch::Receiver<Phase> {
        self.phase.subscribe()
    }

    /// Has every process replaced by one of the binary as it is now, once it is idle.
    pub(crate) fn replace(&self) {
        self.phase.send_modify(|phase| {
            if let Phase::Serving(number) = phase {
                *number = number.wrapping_add(1);
            }
        });
    }

    /// Has every process end at once.
    pub(crate) fn stop(&self) {
        self.phase.send_replace(Phase::Stopped);
    }
}

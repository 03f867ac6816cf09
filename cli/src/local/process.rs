//! One process of a function's binary: its environment is what Lambda gives it, and nothing else.
//!
//! It has a process group of its own, so that a terminal's Ctrl-C reaches the stack only. It ends
//! with the stack in any case: on drop it is killed, and if the stack itself is killed its Runtime
//! API goes away with it, which `lambda_runtime` answers by ending.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::aws;
use super::function::Function;
use super::log::relay;
use super::runtime::{self, Call};

/// A running process.
#[derive(Debug)]
pub(crate) struct Process {
    /// The process itself.
    pub(crate) child: Child,
    /// What it says over its Runtime API.
    pub(crate) calls: mpsc::Receiver<Call>,
    runtime: JoinHandle<()>,
}

impl Process {
    /// Starts the function's binary, with a Runtime API for it alone.
    ///
    /// # Errors
    ///
    /// The operating system's, when there is no such binary or no port.
    pub(crate) async fn start(function: &Function) -> io::Result<Self> {
        let listener = TcpListener::bind(aws::LOOPBACK_ANY_PORT).await?;
        let runtime_api = listener.local_addr()?.to_string();
        let mut child = Command::new(&function.binary)
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", runtime_api)
            .env("AWS_LAMBDA_FUNCTION_NAME", &function.name)
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", function.memory_mb.to_string())
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_MAX_CONCURRENCY", function.concurrency.to_string())
            .env("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{}", function.name))
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "local")
            .env("TZ", ":UTC")
            .envs(function.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        if let Some(stdout) = child.stdout.take() {
            tokio::spawn(relay(Arc::clone(&function.console), function.name.clone(), stdout));
        }
        if let Some(stderr) = child.stderr.take() {
            tokio::spawn(relay(Arc::clone(&function.console), function.name.clone(), stderr));
        }
        let (sender, calls) = mpsc::channel(1);
        let runtime = tokio::spawn(runtime::serve(listener, sender));
        Ok(Self { child, calls, runtime })
    }

    /// Waits until the process has ended by itself.
    pub(crate) async fn ended(child: &mut Child) -> String {
        child.wait().await.as_ref().map_or_else(ToString::to_string, ExitStatus::to_string)
    }

    /// Kills the process, if it still runs, and waits for its end.
    pub(crate) async fn kill(mut self) {
        // The only error is that it has ended already.
        let _ = self.child.kill().await;
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.runtime.abort();
    }
}

//! Rebuilds the functions when their sources change, and replaces the processes of those whose
//! binary became another one.
//!
//! Requests under way are finished by the old process, and none is refused meanwhile. What does
//! not build changes nothing: cargo says why, and the old binaries' processes go on. openapi.yaml
//! is watched because `/docs` is made of it; new routes take effect when the stack is restarted.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::build::{self, Binaries};
use super::function::Function;
use super::log::say;
use crate::Error;

/// What the functions are made of, in the checkout: folders, and files beside them.
const FOLDERS: [&str; 2] = ["functions", "shared"];
const FILES: [&str; 3] = ["Cargo.lock", "Cargo.toml", "openapi.yaml"];
/// An editor that saves several files is given this long.
const QUIET: Duration = Duration::from_millis(100);

/// Changes of the sources, as they happen.
#[derive(Debug)]
pub(crate) struct Sources {
    changes: mpsc::UnboundedReceiver<()>,
    _watcher: RecommendedWatcher,
}

impl Sources {
    /// Watches from now on.
    ///
    /// # Errors
    ///
    /// [`Error::Watch`].
    pub(crate) fn watch() -> Result<Self, Error> {
        let (sender, changes) = mpsc::unbounded_channel();
        let notice = move |event: notify::Result<Event>| {
            // A watcher that lost count of the changes says so by an error: one more change.
            if event.is_ok_and(|event| !is_change(&event)) {
                return;
            }
            // Nobody is left to be told once the stack has stopped.
            let _ = sender.send(());
        };
        let mut watcher = notify::recommended_watcher(notice).map_err(Error::Watch)?;
        let root = build::root();
        watcher.watch(root, RecursiveMode::NonRecursive).map_err(Error::Watch)?;
        for folder in FOLDERS {
            let folder = root.join(folder);
            watcher.watch(&folder, RecursiveMode::Recursive).map_err(Error::Watch)?;
        }
        Ok(Self { changes, _watcher: watcher })
    }

    /// Waits for a change, and until the changes pause.
    async fn changed(&mut self) {
        self.changes.recv().await.expect("the watcher holds the sender");
        while let Ok(Some(())) = timeout(QUIET, self.changes.recv()).await {}
    }
}

/// Rebuilds and replaces for ever; `binaries` is what the functions started with.
pub(crate) async fn rebuild(
    mut sources: Sources,
    functions: Vec<Arc<Function>>,
    mut binaries: Binaries,
    release: bool,
) {
    loop {
        sources.changed().await;
        let built = match build::build(release).await {
            Ok(built) => built,
            Err(error) => {
                say("watch", &format!("{error}; the functions stay as they were"));
                continue;
            }
        };
        for function in &functions {
            if built.get(&function.name) != binaries.get(&function.name) {
                say("watch", &format!("{} is new", function.name));
                function.replace();
            }
        }
        binaries = built;
    }
}

/// Whether the event is a change of a source: cargo reads them all, and that is none.
fn is_change(event: &Event) -> bool {
    let is_source = |path: &Path| {
        path.parent() != Some(build::root())
            || FILES.iter().any(|file| path.file_name() == Some(OsStr::new(file)))
    };
    !event.kind.is_access() && event.paths.iter().any(|path| is_source(path))
}

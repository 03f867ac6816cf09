//! DynamoDB on this machine: dynoxide inside this process, in memory or in a folder.
//!
//! It has a thread of its own. It works one request at a time behind one lock, so more threads
//! would only wait for each other, and the gateway's would wait with them.

use std::fs::{self, File};
use std::io;
use std::net::TcpListener;
use std::path::Path;
use std::thread;

use dynoxide::Database as Engine;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use super::aws;
use crate::Error;

/// A database that answers until it is closed or dropped.
#[derive(Debug)]
pub struct Database {
    endpoint: String,
    stop: oneshot::Sender<()>,
    closed: oneshot::Receiver<()>,
}

impl Database {
    /// Opens the database in this folder, which is made if need be; or one in memory.
    ///
    /// # Errors
    ///
    /// [`Error::Database`], [`Error::System`].
    pub fn open(folder: Option<&Path>) -> Result<Self, Error> {
        let (engine, lock) = match folder {
            Some(folder) => engine_in(folder).map(|(engine, lock)| (engine, Some(lock))),
            None => Engine::memory().map(|engine| (engine, None)).map_err(|why| why.to_string()),
        }
        .map_err(|why| {
            let place = folder.map(|folder| format!(" in {}", folder.display()));
            Error::Database { place: place.unwrap_or_default(), why }
        })?;

        let refused = |source| Error::System { what: "start the database", source };
        let listener = listen().map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let runtime = Builder::new_current_thread().enable_all().build().map_err(refused)?;
        let (stop, stopped) = oneshot::channel();
        let (closing, closed) = oneshot::channel::<()>();
        let run = move || {
            serve(runtime, listener, engine, stopped);
            drop((lock, closing));
        };
        thread::Builder::new().name("database".to_owned()).spawn(run).map_err(refused)?;
        Ok(Self { endpoint: format!("http://{address}"), stop, closed })
    }

    /// Where it answers.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Answers what is under way, then closes.
    pub async fn close(self) {
        drop(self.stop);
        // An error is the good news: the thread has dropped its end, and all it had before that.
        let _ = self.closed.await;
    }
}

fn listen() -> io::Result<TcpListener> {
    let listener = TcpListener::bind(aws::LOOPBACK_ANY_PORT)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn serve(runtime: Runtime, listener: TcpListener, engine: Engine, stop: oneshot::Receiver<()>) {
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener);
        let listener = listener.expect("a listener that does not block can be registered");
        let stopped = async { drop(stop.await) };
        let served = dynoxide::server::serve_with_shutdown(listener, engine, stopped).await;
        served.expect("accepting never fails");
    });
}

/// The database in this folder, and the lock that keeps a second stack out.
fn engine_in(folder: &Path) -> Result<(Engine, File), String> {
    fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    let lock = File::create(folder.join("lock")).map_err(|error| error.to_string())?;
    lock.try_lock().map_err(|_| "another stack is using it".to_owned())?;
    let file = folder.join("ticketboss.db");
    let file = file.to_str().ok_or("its path is not UTF-8")?;
    let engine = Engine::new(file).map_err(|error| error.to_string())?;
    Ok((engine, lock))
}

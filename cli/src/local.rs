//! The whole stack on one machine: what `ticketboss local` and a bare `cargo run` start.
//!
//! ```text
//! HTTP → gateway (openapi.yaml) → function → instance → process of the real binary
//!           └ authorizer: the same way                      └ DynamoDB: database, or an endpoint
//! ```
//!
//! Everything listens on 127.0.0.1 only, and ends with the stack.

pub mod aws;
pub mod build;
mod console;
pub mod database;
mod function;
mod gateway;
mod instance;
pub mod keys;
mod log;
mod openapi;
mod process;
pub mod runtime;
pub mod table;
pub mod template;
mod watch;
mod welcome;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use shared::access::AccessToken;
use shared::dynamo::DynamoStore;
use shared::text::PartnerId;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::timeout;

use self::build::Binaries;
use self::console::Console;
use self::database::Database;
use self::function::Function;
use self::gateway::Gateway;
use self::keys::AccessKey;
use self::openapi::Contract;
use self::template::Template;
use self::watch::Sources;
use crate::Error;

/// How long requests under way may take when the stack stops.
const GRACE: Duration = Duration::from_secs(2);

/// The settings of the stack.
#[derive(Debug, Clone, clap::Args)]
pub struct Settings {
    /// The port to listen on, on 127.0.0.1; 0 takes any that is free
    #[arg(long, default_value_t = 3000)]
    pub port: u16,
    /// How many processes each function has
    #[arg(long, value_name = "N", default_value = "4")]
    pub instances: NonZeroUsize,
    /// How many requests each process serves at once; orders that meet in one commit together
    #[arg(long, value_name = "N", default_value = "1")]
    pub concurrency: NonZeroUsize,
    /// Keep the database in this folder between runs; otherwise it is in memory
    #[arg(long, value_name = "DIR", conflicts_with = "dynamodb_endpoint")]
    pub data: Option<PathBuf>,
    /// Use the DynamoDB at this address, such as AWS's DynamoDB Local, in place of the embedded one
    #[arg(long, value_name = "URL")]
    pub dynamodb_endpoint: Option<String>,
    /// Give this partner this access key, in place of a random one for abc-corp; repeatable
    #[arg(long = "partner", value_name = "ID=TOKEN", value_parser = partner)]
    pub partners: Vec<(PartnerId, AccessToken)>,
    /// Give the organiser this access key, in place of a random one
    #[arg(long, value_name = "TOKEN")]
    pub organiser: Option<AccessToken>,
    /// Build and run the functions optimised
    #[arg(long)]
    pub release: bool,
    /// Rebuild and restart functions when their sources change
    #[arg(long)]
    pub watch: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            port: 3000,
            instances: NonZeroUsize::new(4).expect("4 is not 0"),
            concurrency: NonZeroUsize::MIN,
            data: None,
            dynamodb_endpoint: None,
            partners: Vec::new(),
            organiser: None,
            release: false,
            watch: false,
        }
    }
}

fn partner(text: &str) -> Result<(PartnerId, AccessToken), String> {
    let (id, token) = text.split_once('=').ok_or("must be ID=TOKEN")?;
    let id = id.parse().map_err(|error| format!("ID {error}"))?;
    let token = token.parse().map_err(|error| format!("TOKEN {error}"))?;
    Ok((id, token))
}

/// Runs the stack until Ctrl-C or SIGTERM, then stops everything it started.
///
/// # Errors
///
/// [`Error`], when it cannot start.
pub async fn run(settings: &Settings) -> Result<(), Error> {
    let mut terminate = signal(SignalKind::terminate()).map_err(no_signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(no_signals)?;
    let mut stopped = pin!(async {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    });
    let stack = tokio::select! {
        () = &mut stopped => return Ok(()),
        stack = Stack::start(settings) => stack?,
    };
    welcome::print(&stack, settings)?;
    stopped.await;
    stack.stop().await;
    Ok(())
}

fn no_signals(source: std::io::Error) -> Error {
    Error::System { what: "listen to signals", source }
}

/// A running stack. Dropping it kills its processes; [`Stack::stop`] does it gently.
#[derive(Debug)]
pub struct Stack {
    address: SocketAddr,
    endpoint: String,
    keys: Vec<AccessKey>,
    functions: Vec<Arc<Function>>,
    instances: JoinSet<()>,
    gateway: JoinSet<()>,
    stop_gateway: oneshot::Sender<()>,
    watching: JoinSet<()>,
    database: Option<Database>,
}

impl Stack {
    /// Starts the stack: once this returns, it answers.
    ///
    /// # Errors
    ///
    /// [`Error`] says which step failed; what was started before it is stopped.
    pub async fn start(settings: &Settings) -> Result<Self, Error> {
        let (listener, address) = listen(settings.port).await?;
        let sources = settings.watch.then(Sources::watch).transpose()?;
        let binaries = build::build(settings.release).await?;

        let (endpoint, database) = match &settings.dynamodb_endpoint {
            Some(endpoint) => (endpoint.clone(), None),
            None => {
                let database = Database::open(settings.data.as_deref())?;
                (database.endpoint().to_owned(), Some(database))
            }
        };
        let template = Template::read(&build::root().join("template.yaml"))?;
        let client = aws::dynamodb_at(&endpoint);
        table::create(&client, &template, aws::TABLE).await?;

        let store = DynamoStore::with_client(client, aws::TABLE);
        let console = Arc::new(Console::new(store.clone()));
        let unusable = |source| Error::Table { table: aws::TABLE.to_owned(), source };
        let keys = keys::prepare(&store, settings).await.map_err(unusable)?;

        let contract = Contract::read(&build::root().join("openapi.yaml"))?;
        let run = Run { binaries: &binaries, endpoint: &endpoint, console: &console };
        let by_name = functions(&contract, &template, run, settings.concurrency)?;
        let gateway = Gateway::new(&contract, &by_name, console, settings.instances.get())
            .map_err(|why| Error::Unservable { file: "openapi.yaml", why })?;
        let functions: Vec<_> = by_name.into_values().collect();
        let mut instances = JoinSet::new();
        for function in &functions {
            for _ in 0..settings.instances.get() {
                instances.spawn(instance::keep(Arc::clone(function)));
            }
        }

        let (stop_gateway, stopped) = oneshot::channel::<()>();
        let stopped = async { drop(stopped.await) };
        let gateway = JoinSet::from_iter([gateway.serve(listener, stopped)]);
        let watching = sources
            .map(|sources| watch::rebuild(sources, functions.clone(), binaries, settings.release));
        let watching = JoinSet::from_iter(watching);
        Ok(Self {
            address,
            endpoint,
            keys,
            functions,
            instances,
            gateway,
            stop_gateway,
            watching,
            database,
        })
    }

    /// Where it listens: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where its DynamoDB answers.
    pub fn dynamodb_endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The keys that were added at the start.
    pub fn keys(&self) -> &[AccessKey] {
        &self.keys
    }

    /// Answers the requests that are under way, if that does not take long, and ends all that
    /// was started.
    pub async fn stop(mut self) {
        self.watching.shutdown().await;
        drop(self.stop_gateway);
        // After that time, callers who still wait see a broken connection.
        let _ = timeout(GRACE, self.gateway.join_next()).await;
        self.gateway.shutdown().await;
        for function in &self.functions {
            function.stop();
        }
        while self.instances.join_next().await.is_some() {}
        if let Some(database) = self.database {
            let _ = timeout(GRACE, database.close()).await;
        }
    }
}

/// Takes the port before anything is built, so that a port in use is not found out after it.
async fn listen(port: u16) -> Result<(TcpListener, SocketAddr), Error> {
    let failed = |source| Error::Listen { port, source };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

/// What functions are run with.
#[derive(Clone, Copy)]
struct Run<'a> {
    binaries: &'a Binaries,
    endpoint: &'a str,
    console: &'a Arc<Console>,
}

/// The functions that the contract names, by the names of their resources in the template. What
/// else the template has is not asked over HTTP, and not started here.
fn functions(
    contract: &Contract,
    template: &Template,
    run: Run<'_>,
    concurrency: NonZeroUsize,
) -> Result<BTreeMap<String, Arc<Function>>, Error> {
    let mut environment = aws::environment(run.endpoint);
    environment.push(("TABLE_NAME".to_owned(), aws::TABLE.to_owned()));
    let log_level = std::env::var_os("LOG_LEVEL").map(|level| level.to_string_lossy().into_owned());
    environment.push(("LOG_LEVEL".to_owned(), log_level.unwrap_or_else(|| "info".to_owned())));

    let settings = template.functions()?.into_iter();
    let named = settings.filter(|(resource, _)| contract.functions().any(|name| name == resource));
    let functions = named.map(|(resource, settings)| {
        let binary = run.binaries.get(&settings.name).ok_or_else(|| Error::Unservable {
            file: "template.yaml",
            why: format!("{resource}: the workspace has no binary `{}`", settings.name),
        })?;
        let (binary, environment) = (binary.path.clone(), environment.clone());
        let console = Arc::clone(run.console);
        let function = Function::new(settings, binary, environment, concurrency, console);
        Ok((resource, Arc::new(function)))
    });
    functions.collect()
}

//! A proxy in front of DynamoDB that counts what is asked, by the action's name, and does to each
//! request what a hook says.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::thread;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// What becomes of one request.
#[derive(Debug, Clone)]
pub(crate) enum Fate {
    /// It is answered.
    Answered,
    /// It is answered once this is notified.
    Held(Arc<Notify>),
    /// It is not done, and its connection breaks.
    LostBefore,
    /// It is done, and its connection breaks before the answer.
    LostAfter,
    /// It is not done, and answered with 400 and this code.
    Refused(&'static str),
}

impl Fate {
    /// It is not done: too much throughput was asked for.
    pub(crate) const THROTTLED: Self = Self::Refused("ThrottlingException");
}

/// Decides about a request, by its action, `GetItem`, and its body.
pub(crate) type Hook = dyn Fn(&str, &str) -> Fate + Send + Sync;

/// A running proxy. It stops with the test run.
pub(crate) struct Proxy {
    address: SocketAddr,
    state: Arc<State>,
}

struct State {
    upstream: String,
    counts: Mutex<BTreeMap<String, u32>>,
    hook: Mutex<Arc<Hook>>,
}

impl Proxy {
    /// A proxy in front of the DynamoDB at this endpoint, which lets everything pass.
    pub(crate) fn before(endpoint: &str) -> Self {
        let state = Arc::new(State {
            upstream: endpoint.trim_start_matches("http://").trim_end_matches('/').to_owned(),
            counts: Mutex::default(),
            hook: Mutex::new(Arc::new(|_, _| Fate::Answered)),
        });
        let serving = Arc::clone(&state);
        let (sender, address) = std::sync::mpsc::channel();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
                sender.send(listener.local_addr().expect("it is bound")).expect("it is awaited");
                loop {
                    let (stream, _) = listener.accept().await.expect("a connection");
                    tokio::spawn(serve(Arc::clone(&serving), stream));
                }
            });
        });
        Self { address: address.recv().expect("it listens"), state }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on, this decides.
    pub(crate) fn hook(&self, hook: impl Fn(&str, &str) -> Fate + Send + Sync + 'static) {
        *self.state.hook.lock().expect("no hook panics") = Arc::new(hook);
    }

    /// How often each action was asked for since the last time.
    pub(crate) fn take_counts(&self) -> BTreeMap<String, u32> {
        std::mem::take(&mut *self.state.counts.lock().expect("counting does not panic"))
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Proxy").field("address", &self.address).finish_non_exhaustive()
    }
}

/// Serves one connection, one request after the other. Whoever breaks it off ends it.
async fn serve(state: Arc<State>, mut stream: TcpStream) -> io::Result<()> {
    loop {
        let request = read_message(&mut stream).await?;
        let (head, body) = request.split_once("\r\n\r\n").unwrap_or_default();
        let target = header(head, "x-amz-target").unwrap_or_default();
        let (_, action) = target.rsplit_once('.').unwrap_or_default();
        *state
            .counts
            .lock()
            .expect("counting does not panic")
            .entry(action.to_owned())
            .or_default() += 1;

        let hook = Arc::clone(&state.hook.lock().expect("no hook panics"));
        let answer = match hook(action, body) {
            Fate::Answered => forward(&state.upstream, &request).await?,
            Fate::Held(released) => {
                released.notified().await;
                forward(&state.upstream, &request).await?
            }
            Fate::LostBefore => return Ok(()),
            Fate::LostAfter => return forward(&state.upstream, &request).await.map(drop),
            Fate::Refused(code) => refusal(code),
        };
        stream.write_all(answer.as_bytes()).await?;
    }
}

/// Asks DynamoDB on a connection of its own.
async fn forward(upstream: &str, request: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(upstream).await?;
    stream.write_all(request.as_bytes()).await?;
    read_message(&mut stream).await
}

/// A whole request or answer. DynamoDB and its SDK always say how long it is.
async fn read_message(stream: &mut TcpStream) -> io::Result<String> {
    let mut message = Vec::new();
    loop {
        if stream.read_buf(&mut message).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let text = String::from_utf8_lossy(&message);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = header(head, "content-length").and_then(|length| length.parse().ok());
        if body.len() >= length.unwrap_or(0) {
            return Ok(text.into_owned());
        }
    }
}

fn header<'head>(head: &'head str, name: &str) -> Option<&'head str> {
    let mut fields = head.lines().filter_map(|line| line.split_once(':'));
    let field = fields.find(|(field, _)| field.eq_ignore_ascii_case(name));
    field.map(|(_, value)| value.trim())
}

fn refusal(code: &str) -> String {
    let kind = format!("com.amazonaws.dynamodb.v20120810#{code}");
    let body = format!(r#"{{"__type":"{kind}","message":"No."}}"#);
    let length = body.len();
    format!(
        "HTTP/1.1 400 Bad Request\r\ncontent-type: application/x-amz-json-1.0\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
}

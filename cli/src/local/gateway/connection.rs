//! Connections: HTTP/1.1 from accepting a caller to hanging up.
//!
//! A caller that has sent its request and closed its half still gets its answer; one that sends
//! nothing, or too slowly, is cut off. What is no HTTP, hyper answers by itself, without a body:
//! such an answer is replaced by the contract's on its way out.

use std::convert::Infallible;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use axum::http::response::Parts;
use axum::http::{HeaderName, HeaderValue, Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use uuid::Uuid;

/// The header that every answer of ours bears.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// How long a caller may take for the head of a request, and how long a connection may be idle.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// Answers every request on every connection, until told to stop; those under way are finished.
pub(super) async fn serve<A, F>(
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
    answer: A,
    malformed: Malformed,
) where
    A: Fn(Request<Incoming>) -> F + Clone + Send + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let (connections, mut stop) = (GracefulShutdown::new(), pin!(stop));
    loop {
        let stream = tokio::select! {
            // Too many open files, for example: others will hang up.
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(_) => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
            () = &mut stop => break,
        };
        // Without it only latency suffers, so a refusal is no reason to stop.
        let _ = stream.set_nodelay(true);
        let answer = answer.clone();
        let service = service_fn(move |request| {
            let answered = answer(request);
            async { Ok::<_, Infallible>(answered.await) }
        });
        let malformed = malformed.clone();
        let own = OwnWords { stream, malformed, left: Vec::new() };
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .half_close(true)
            .serve_connection(TokioIo::new(own), service);
        let connection = connections.watch(connection);
        // Why a connection ended matters to its caller only.
        tokio::spawn(async { drop(connection.await) });
    }
    connections.shutdown().await;
}

/// The contract's answer to what is no HTTP.
#[derive(Debug, Clone)]
pub(super) struct Malformed {
    headers: Arc<str>,
    body: Arc<str>,
}

impl Malformed {
    /// What stands in the body where the request's id will.
    pub(super) const REQUEST_ID: &'static str = "$REQUEST";

    /// The answer with these headers and this body, for a status of 400.
    pub(super) fn new(head: &Parts, body: &[u8]) -> Self {
        let line = |(name, value): (_, &HeaderValue)| {
            format!("{name}: {}\r\n", String::from_utf8_lossy(value.as_bytes()))
        };
        let headers: String = head.headers.iter().map(line).collect();
        Self { headers: headers.into(), body: String::from_utf8_lossy(body).into() }
    }

    /// The whole answer in place of hyper's own, if these bytes are one: a refusal in which the
    /// mark that all ours bear is missing.
    fn replace(&self, written: &[u8]) -> Option<Vec<u8>> {
        let text = str::from_utf8(written).ok()?;
        let (line, _) = text.split_once("\r\n")?;
        let status = line.strip_prefix("HTTP/1.1 ")?.split(' ').next()?;
        if !status.starts_with('4') || text.contains(REQUEST_ID.as_str()) {
            return None;
        }
        let id = Uuid::new_v4().to_string();
        let body = self.body.replace(Self::REQUEST_ID, &id);
        let body = body.replace(r#""status":400"#, &format!(r#""status":{status}"#));
        let (headers, length) = (&self.headers, body.len());
        let own = format!("{REQUEST_ID}: {id}\r\ncontent-length: {length}\r\nconnection: close");
        Some(format!("{line}\r\n{headers}{own}\r\n\r\n{body}").into_bytes())
    }
}

/// A connection on which hyper's own refusals are given in the contract's words.
struct OwnWords {
    stream: TcpStream,
    malformed: Malformed,
    /// What stands in for bytes that hyper takes for written.
    left: Vec<u8>,
}

impl OwnWords {
    fn poll_left(&mut self, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.left.is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(task, &self.left))?;
            self.left.drain(..written);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for OwnWords {
    fn poll_read(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(task, buffer)
    }
}

impl AsyncWrite for OwnWords {
    fn poll_write(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_left(task))?;
        match self.malformed.replace(bytes) {
            Some(own) => {
                self.left = own;
                Poll::Ready(Ok(bytes.len()))
            }
            None => Pin::new(&mut self.stream).poll_write(task, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_left(task))?;
        Pin::new(&mut self.stream).poll_flush(task)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_left(task))?;
        Pin::new(&mut self.stream).poll_shutdown(task)
    }
}

//! A caller over HTTP/1.1 that costs next to nothing: one connection, kept alive, and requests that
//! are text already.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A connection.
#[derive(Debug)]
pub(crate) struct Caller {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Caller {
    pub(crate) async fn connect(address: &str) -> Self {
        let stream = TcpStream::connect(address).await.expect("it listens");
        stream.set_nodelay(true).expect("it is connected");
        Self { stream, received: Vec::new() }
    }

    /// Sends the request and gives the status and body of its answer.
    pub(crate) async fn ask(&mut self, request: &str) -> io::Result<(u16, String)> {
        self.stream.write_all(request.as_bytes()).await?;
        self.received.clear();
        loop {
            if self.stream.read_buf(&mut self.received).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let text = String::from_utf8_lossy(&self.received);
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            if body.len() >= length(head) {
                let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
                return Ok((status.unwrap_or(0), body.to_owned()));
            }
        }
    }
}

fn length(head: &str) -> usize {
    let mut fields = head.lines().filter_map(|line| line.split_once(": "));
    let field = fields.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    field.and_then(|(_, length)| length.parse().ok()).unwrap_or(0)
}

/// A request as it is sent: these headers, lines that end in `\r\n`, and this body.
pub(crate) fn request(method: &str, path: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n{headers}\r\n\
         {body}"
    )
}

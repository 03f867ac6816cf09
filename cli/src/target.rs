//! What is called: the address of a stack, and whether it is on this machine.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use axum::http::Uri;

/// Where a stack answers: `http://127.0.0.1:3000`, `https://api.example.com/prod`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    base: String,
    host: String,
    is_secure: bool,
}

impl Target {
    /// Whether everything sent there stays on this machine.
    pub fn is_loopback(&self) -> bool {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
    }

    /// Whether it is spoken to over TLS.
    pub(crate) fn is_secure(&self) -> bool {
        self.is_secure
    }

    /// The host's name or address.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// The address of this path.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let uri: Uri = text.parse().map_err(|error| format!("is no address: {error}"))?;
        let is_secure = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err("must begin with http:// or https://".to_owned()),
        };
        let host = uri.host().filter(|host| !host.is_empty()).ok_or("has no host")?;
        let has_more = uri.query().is_some() || uri.authority().is_some_and(has_name);
        if has_more {
            return Err("must be scheme, host, port and path alone".to_owned());
        }
        let base = text.trim_end_matches('/').to_owned();
        Ok(Self { base, host: host.to_owned(), is_secure })
    }
}

fn has_name(authority: &axum::http::uri::Authority) -> bool {
    authority.as_str().contains('@')
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        let cases = [
            ("http://127.0.0.1:3000", true),
            ("http://127.8.8.8", true),
            ("http://localhost:3000/", true),
            ("http://[::1]:3000", true),
            ("http://127.0.0.1.example.com", false),
            ("http://localhost.example.com", false),
            ("http://192.168.0.7", false),
            ("http://0.0.0.0:3000", false),
            ("https://abc.execute-api.eu-west-1.amazonaws.com/prod", false),
        ];
        for (text, want) in cases {
            assert_eq!(text.parse().map(|target: Target| target.is_loopback()), Ok(want), "{text}");
        }
    }

    #[test]
    fn a_target_is_an_address_and_nothing_else() {
        for text in ["", "127.0.0.1:3000", "ftp://localhost", "http://", "http://a@localhost"] {
            assert!(text.parse::<Target>().is_err(), "{text}");
        }
        let staged: Target = "https://example.com/prod/".parse().unwrap();
        assert_eq!(staged.at("/events"), "https://example.com/prod/events");
    }
}

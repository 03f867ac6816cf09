//! Entity tags: what a caller says it has seen, in `If-None-Match` and `If-Match` (RFC 9110, 13.1).

use lambda_http::Request;
use lambda_http::http::HeaderName;
use lambda_http::http::header::IF_MATCH;

use crate::problem::Problem;

/// The tag of this version of a thing.
pub fn tag_of(version: u64) -> String {
    format!("\"v{version}\"")
}

/// The tag of this version of a thing, while so many seats of it are held. Time changes those and
/// not the version.
pub fn tag_of_held(version: u64, held: u32) -> String {
    if held == 0 { tag_of(version) } else { format!("\"v{version}h{held}\"") }
}

/// The tag of this version of a reservation. That time ends a hold does not change its version.
pub fn tag_of_version_or_end(version: u64, has_expired: bool) -> String {
    if has_expired { format!("\"v{version}x\"") } else { tag_of(version) }
}

/// Whether the caller means a thing of this version: as `If-Match` says, or any, without it.
pub fn if_match(request: &Request) -> impl Fn(u64) -> bool + use<> {
    let tags = Tags::of(request, &IF_MATCH);
    move |version| tags.as_ref().is_none_or(|tags| tags.expect(&tag_of(version)))
}

/// Whether the caller means a thing of this version, which `If-Match` must say.
///
/// # Errors
///
/// [`Problem::VersionUnnamed`] without it.
pub fn required_match(request: &Request) -> Result<impl Fn(u64) -> bool + use<>, Problem> {
    let tags = Tags::of(request, &IF_MATCH).ok_or(Problem::VersionUnnamed)?;
    Ok(move |version| tags.expect(&tag_of(version)))
}

/// The tags that a request names in one header, on however many lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tags {
    is_any: bool,
    named: Vec<Tag>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Tag {
    is_weak: bool,
    text: Vec<u8>,
}

impl Tags {
    /// The tags in this header. `None` if the request does not have it.
    pub fn of(request: &Request, header: &HeaderName) -> Option<Self> {
        let mut lines = request.headers().get_all(header).iter().peekable();
        lines.peek()?;
        let mut tags = Self { is_any: false, named: Vec::new() };
        for line in lines {
            tags.add(line.as_bytes());
        }
        Some(tags)
    }

    /// Whether the caller has what this tag names, weakly or strongly: for `If-None-Match`.
    pub fn have(&self, tag: &str) -> bool {
        self.is_any || self.named.iter().any(|named| named.is(tag))
    }

    /// Whether the caller means exactly what this tag names: for `If-Match`, to which a weak tag
    /// says nothing.
    pub fn expect(&self, tag: &str) -> bool {
        self.is_any || self.named.iter().any(|named| !named.is_weak && named.is(tag))
    }

    /// A tag is what stands between quotes: others' may have commas inside, and letters that are
    /// not ASCII.
    fn add(&mut self, line: &[u8]) {
        self.is_any |= line.trim_ascii() == b"*";
        let mut pieces = line.split(|byte| *byte == b'"');
        while let (Some(before), Some(text)) = (pieces.next(), pieces.next()) {
            self.named.push(Tag { is_weak: before.ends_with(b"W/"), text: text.to_owned() });
        }
    }
}

impl Tag {
    fn is(&self, tag: &str) -> bool {
        self.text == tag.trim_matches('"').as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use lambda_http::Body;

    use super::*;

    #[test]
    fn every_line_counts_and_a_weak_tag_is_no_strong_one() {
        let cases: [(&[&[u8]], bool, bool); 13] = [
            (&[b"*"], true, true),
            (&[b" * "], true, true),
            (&[b"\"v1\""], true, true),
            (&[b"W/\"v1\""], true, false),
            (&[b"\"v0\", W/\"v1\""], true, false),
            (&[b"\"v0\",\"v1\""], true, true),
            (&[b"\"v0\"", b"\"v1\""], true, true),
            (&[b"\"a,*,b\""], false, false),
            (&[b"\"v10\""], false, false),
            (&[b"v1"], false, false),
            (&[b"\"v1"], true, true),
            (&[b"\"\xe9\", \"v1\""], true, true),
            (&[b""], false, false),
        ];
        for (lines, have, expect) in cases {
            let mut request = Request::new(Body::Empty);
            for line in lines {
                request.headers_mut().append(IF_MATCH, (*line).try_into().expect("a value"));
            }
            let tags = Tags::of(&request, &IF_MATCH).expect("there is a line");
            assert_eq!((tags.have("\"v1\""), tags.expect("\"v1\"")), (have, expect), "{lines:?}");
        }
        assert_eq!(Tags::of(&Request::new(Body::Empty), &IF_MATCH), None);
    }
}

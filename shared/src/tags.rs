//! Entity tags: what a caller says it has seen, in `If-None-Match` and `If-Match` (RFC 9110, 13.1).

use lambda_http::Request;
use lambda_http::http::HeaderName;
use lambda_http::http::header::IF_MATCH;

use crate::problem::Problem;

/// The tag of this version of a thing.
pub fn tag_of(version: u64) -> String {
    format!("\"v{version}\"")
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

/// Whether the caller means an event of this revision, which `If-Match` must say. Of an event's tag
/// its revision counts alone: what is sold meanwhile makes an organiser's decision no other.
///
/// # Errors
///
/// [`Problem::VersionUnnamed`] without it.
pub fn required_revision(request: &Request) -> Result<impl Fn(u64) -> bool + use<>, Problem> {
    let tags = Tags::of(request, &IF_MATCH).ok_or(Problem::VersionUnnamed)?;
    Ok(move |revision| {
        let mut strong = tags.named.iter().filter(|tag| !tag.is_weak);
        tags.is_any || strong.any(|tag| tag.revision() == Some(revision))
    })
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

    /// The revision in the tag of an event: 3 in `v17r3h2`, 0 in `v17`.
    fn revision(&self) -> Option<u64> {
        let text = str::from_utf8(&self.text).ok()?.strip_prefix('v')?;
        let (version, rest) = split_number(text);
        version?;
        rest.strip_prefix('r').map_or(Some(0), |rest| split_number(rest).0)
    }
}

/// The number with which the text begins, and the rest.
fn split_number(text: &str) -> (Option<u64>, &str) {
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    (digits.parse().ok(), rest)
}

#[cfg(test)]
mod tests {
    use lambda_http::Body;

    use super::*;

    #[test]
    fn of_an_events_tag_its_revision_counts_alone() {
        let cases = [
            ("\"v17r3h2\"", Some(3)),
            ("\"v17r3us\"", Some(3)),
            ("\"v9\"", Some(0)),
            ("\"v9h4\"", Some(0)),
            ("W/\"v17r3\"", None),
            ("\"v17r\"", None),
            ("\"r3\"", None),
            ("\"\"", None),
        ];
        for (tag, want) in cases {
            let mut request = Request::new(Body::Empty);
            request.headers_mut().insert(IF_MATCH, tag.parse().expect("a value"));
            let is_meant = required_revision(&request).expect("it has If-Match");
            assert_eq!((0..9).find(|revision| is_meant(*revision)), want, "{tag}");
        }
        assert!(required_revision(&Request::new(Body::Empty)).is_err());
    }

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

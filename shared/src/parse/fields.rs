//! The members of a body: from JSON to types that cannot be invalid.

use std::str::FromStr;

use lambda_http::Request;
use lambda_http::http::HeaderValue;
use lambda_http::http::header::CONTENT_ENCODING;
use serde_json::Value;

use crate::members::Members;
use crate::problem::{Fault, Problem};
use crate::text::Malformed;

/// The largest body that is read: any order and any event fit many times.
const BODY_BYTES_MAX: usize = 16 * 1024;

/// The byte order mark, which some editors and libraries put before a text in UTF-8. It is ignored.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The members of a JSON object, taken one by one; every fault is kept, so that a caller learns of
/// all at once. What is not asked for is ignored, as the published API does.
#[derive(Debug)]
pub struct Fields {
    /// A JSON pointer to the object, as a fragment (RFC 6901): `#` is the body.
    place: String,
    members: Members,
    asked: Vec<&'static str>,
    faults: Vec<Fault>,
}

impl Fields {
    /// The members of the request's body.
    ///
    /// # Errors
    ///
    /// [`Problem::EncodingUnsupported`], [`Problem::BodyTooLarge`], and [`Problem::InvalidRequest`]
    /// if it is no JSON object.
    pub fn of(request: &Request) -> Result<Self, Problem> {
        let encodings = request.headers().get_all(CONTENT_ENCODING);
        let is_plain = |line: &HeaderValue| {
            let mut names = line.as_bytes().split(|byte| *byte == b',');
            names.all(|name| matches_word(name, b"identity") || name.trim_ascii().is_empty())
        };
        if !encodings.iter().all(is_plain) {
            return Err(Problem::EncodingUnsupported);
        }
        let body: &[u8] = request.body().as_ref();
        if body.len() > BODY_BYTES_MAX {
            return Err(Problem::BodyTooLarge);
        }
        let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
        if body.is_empty() {
            return Err(Problem::fault("#", "must be a JSON object, and is empty", "required"));
        }
        let members: Members = serde_json::from_slice(body).map_err(|error| {
            Problem::fault("#", format!("must be a JSON object: {error}"), "malformed")
        })?;
        Ok(Self::new("#".to_owned(), members))
    }

    fn new(place: String, members: Members) -> Self {
        Self { place, members, asked: Vec::new(), faults: Vec::new() }
    }

    /// A text that may be left out, which `null` does, too.
    pub fn text<T: FromStr<Err = Malformed>>(&mut self, name: &'static str) -> Option<T> {
        self.leave_out_null(name);
        self.take(name, |value| value.as_str().ok_or(Malformed::Unlike("a text"))?.parse())
    }

    /// A text that must be there.
    pub fn required_text<T: FromStr<Err = Malformed>>(&mut self, name: &'static str) -> Option<T> {
        self.require(name);
        self.take(name, |value| value.as_str().ok_or(Malformed::Unlike("a text"))?.parse())
    }

    /// An integer that must be there.
    pub fn required_number<T>(&mut self, name: &'static str) -> Option<T>
    where
        T: TryFrom<u64, Error = Malformed>,
    {
        self.require(name);
        self.take(name, |value| integer(value).unwrap_or(u64::MAX).try_into())
    }

    /// An integer that may be left out, which `null` does, too.
    pub fn number<T>(&mut self, name: &'static str) -> Option<T>
    where
        T: TryFrom<u64, Error = Malformed>,
    {
        self.leave_out_null(name);
        self.take(name, |value| integer(value).unwrap_or(u64::MAX).try_into())
    }

    /// A text that may be left out, or taken away with `null`: `Some(None)`.
    pub fn removable_text<T: FromStr<Err = Malformed>>(
        &mut self,
        name: &'static str,
    ) -> Option<Option<T>> {
        self.unless_null(name, |fields| fields.text(name))
    }

    /// An integer that may be left out, or taken away with `null`: `Some(None)`.
    pub fn removable_number<T>(&mut self, name: &'static str) -> Option<Option<T>>
    where
        T: TryFrom<u64, Error = Malformed>,
    {
        self.unless_null(name, |fields| fields.number(name))
    }

    fn unless_null<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<Option<T>> {
        let is_null = self.members.named.get(name).is_some_and(Value::is_null);
        let value = read(self);
        if is_null { Some(None) } else { value.map(Some) }
    }

    /// An object that may be left out, which `null` does, too. Its members are read like a body's.
    pub fn object<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        self.leave_out_null(name);
        let is_object = |value: &Value| value.is_object().then_some(());
        self.take(name, |value| is_object(value).ok_or(Malformed::Unlike("an object")))?;
        let members = self.members.objects.remove(name)?;
        let mut within = Self::new(self.pointer(name), members);
        let parsed = read(&mut within);
        within.find_misnamed();
        self.faults.append(&mut within.faults);
        parsed
    }

    /// A text that may be left out, and else must be this one, which something else has said.
    pub fn same_text(&mut self, name: &'static str, said: &str) {
        if let Some(value) = self.text::<Verbatim>(name)
            && value.0 != said
        {
            self.fault(name, format!("must be `{said}`, as the path says, or be left out"));
        }
    }

    /// A member that cannot be changed: to ignore it would look like having changed it.
    pub fn unchangeable(&mut self, name: &'static str) {
        if self.members.named.contains_key(name) {
            self.fault(name, "cannot be changed".to_owned());
        }
    }

    /// Ends the parsing, and gives the value if the whole body is as it must be.
    ///
    /// # Errors
    ///
    /// [`Problem::InvalidRequest`] with every fault that was found.
    pub fn done<T>(mut self, parsed: Option<T>) -> Result<T, Problem> {
        self.find_misnamed();
        match parsed {
            Some(parsed) if self.faults.is_empty() => Ok(parsed),
            _ => Err(Problem::InvalidRequest(self.faults)),
        }
    }

    /// Finds members that are there twice, or spelt otherwise.
    fn find_misnamed(&mut self) {
        for name in std::mem::take(&mut self.members.repeated) {
            self.fault(&name, "is there more than once".to_owned());
        }
        let is_variant =
            |name: &str, asked: &str| name != asked && name.eq_ignore_ascii_case(asked);
        let names: Vec<_> = self.members.named.keys().cloned().collect();
        for name in names {
            if let Some(asked) = self.asked.iter().find(|asked| is_variant(&name, asked)) {
                self.fault(&name, format!("is spelt `{asked}`"));
            }
        }
    }

    /// An optional member that is null counts as left out.
    fn leave_out_null(&mut self, name: &str) {
        if self.members.named.get(name).is_some_and(Value::is_null) {
            self.members.named.remove(name);
        }
    }

    fn require(&mut self, name: &'static str) {
        if !self.members.named.contains_key(name) {
            let detail = "is required".to_owned();
            let pointer = self.pointer(name);
            self.faults.push(Fault { pointer, detail, code: "required" });
        }
    }

    fn take<T>(
        &mut self,
        name: &'static str,
        parse: impl Fn(&Value) -> Result<T, Malformed>,
    ) -> Option<T> {
        self.asked.push(name);
        match parse(self.members.named.get(name)?) {
            Ok(parsed) => Some(parsed),
            Err(malformed) => {
                self.fault(name, malformed.to_string());
                None
            }
        }
    }

    /// A JSON pointer to this member.
    fn pointer(&self, name: &str) -> String {
        format!("{}/{}", self.place, name.replace('~', "~0").replace('/', "~1"))
    }

    fn fault(&mut self, name: &str, detail: String) {
        let pointer = self.pointer(name);
        self.faults.push(Fault { pointer, detail, code: "malformed" });
    }
}

/// Whether these bytes are this word, in any case.
fn matches_word(bytes: &[u8], word: &[u8]) -> bool {
    bytes.trim_ascii().eq_ignore_ascii_case(word)
}

/// A text as it was sent.
struct Verbatim(String);

impl FromStr for Verbatim {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        Ok(Self(text.to_owned()))
    }
}

/// The value of a JSON integer. `3.0` and `3e0` are integers too: JSON knows one kind of number.
fn integer(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| {
        let number = value.as_f64().filter(|number| number.fract() == 0.0)?;
        let text = format!("{number:.0}");
        text.parse().ok()
    })
}

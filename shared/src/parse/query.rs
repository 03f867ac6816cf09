//! The parameters of a query: from text to types that cannot be invalid.

use std::str::FromStr;

use lambda_http::{Request, RequestExt as _};

use crate::problem::{Fault, Problem};
use crate::text::Malformed;

/// The parameters of a list's query, taken one by one.
///
/// Every fault is kept, so that a caller learns of all at once. A parameter that is not asked for
/// is a fault, too: a filter that was spelt wrong would give more than was meant.
#[derive(Debug)]
pub struct Query {
    given: Vec<(String, String)>,
    faults: Vec<Fault>,
}

impl Query {
    /// The parameters of the request, decoded.
    pub fn of(request: &Request) -> Self {
        let given =
            request.query_string_parameters_ref().into_iter().flat_map(|query| query.iter());
        let given = given.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self { given, faults: Vec::new() }
    }

    /// A parameter that may be left out.
    pub fn value<T: FromStr<Err = Malformed>>(&mut self, name: &str) -> Option<T> {
        self.value_by(name, str::parse)
    }

    /// A parameter that may be left out, read like this.
    pub fn value_by<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&str) -> Result<T, Malformed>,
    ) -> Option<T> {
        let mut values =
            self.given.extract_if(.., |(given, _)| given == name).map(|(_, text)| text);
        let first = values.next()?;
        if values.count() > 0 {
            self.fault(name, "is there more than once".to_owned());
            return None;
        }
        read(&first).map_err(|malformed| self.fault(name, malformed.to_string())).ok()
    }

    /// Ends the parsing, and gives the value if the whole query is as it must be.
    ///
    /// # Errors
    ///
    /// [`Problem::InvalidRequest`] with every fault that was found.
    pub fn done<T>(mut self, parsed: T) -> Result<T, Problem> {
        for (name, _) in std::mem::take(&mut self.given) {
            self.fault(&name, "is no parameter of this list".to_owned());
        }
        if self.faults.is_empty() { Ok(parsed) } else { Err(Problem::InvalidRequest(self.faults)) }
    }

    fn fault(&mut self, name: &str, detail: String) {
        self.faults.push(Fault { pointer: format!("?{name}"), detail, code: "malformed" });
    }
}

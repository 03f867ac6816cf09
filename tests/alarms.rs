//! Each alarm of template.yaml rings when it should, and one step before it does not.
//!
//! CloudWatch's metric math is done here, as far as our alarms use it: sums, products, quotients,
//! comparisons, `AND` and `IF`. How long it has to last is the alarm's own setting.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::support::contract;

/// The words of an expression that are left to be read.
struct Reader<'a> {
    words: Vec<&'a str>,
    values: &'a BTreeMap<&'a str, f64>,
}

impl<'a> Reader<'a> {
    fn of(expression: &'a str, values: &'a BTreeMap<&'a str, f64>) -> Self {
        let (mut words, mut rest) = (Vec::new(), expression.trim());
        while let Some(first) = rest.chars().next() {
            let is_word = |c: char| c.is_ascii_alphanumeric() || c == '.';
            let length = match rest.find(|c: char| !is_word(c)) {
                Some(0) if rest.starts_with(">=") => 2,
                Some(0) => first.len_utf8(),
                Some(end) => end,
                None => rest.len(),
            };
            words.push(&rest[..length]);
            rest = rest[length..].trim_start();
        }
        words.reverse();
        Self { words, values }
    }

    fn take(&mut self) -> &'a str {
        self.words.pop().expect("the expression goes on")
    }

    /// Whether this word is next; then it is taken.
    fn takes(&mut self, word: &str) -> bool {
        let is_next = self.words.last() == Some(&word);
        if is_next {
            self.words.pop();
        }
        is_next
    }

    fn expect(&mut self, word: &str) {
        assert!(self.takes(word), "{word} before {:?}", self.words);
    }

    /// `a AND b`, of comparisons, of products: 1 is true, 0 is not.
    fn value(&mut self) -> f64 {
        let mut value = self.compared();
        while self.takes("AND") {
            let other = self.compared();
            value = f64::from(value != 0.0 && other != 0.0);
        }
        value
    }

    fn compared(&mut self) -> f64 {
        let value = self.product();
        if self.takes(">=") {
            return f64::from(value >= self.product());
        }
        if self.takes(">") { f64::from(value > self.product()) } else { value }
    }

    fn product(&mut self) -> f64 {
        let mut value = self.factor();
        loop {
            if self.takes("*") {
                value *= self.factor();
            } else if self.takes("/") {
                value /= self.factor();
            } else {
                return value;
            }
        }
    }

    fn factor(&mut self) -> f64 {
        match self.take() {
            "IF" => {
                self.expect("(");
                let condition = self.value();
                self.expect(",");
                let (then, _, other) = (self.value(), self.expect(","), self.value());
                self.expect(")");
                if condition == 0.0 { other } else { then }
            }
            "SUM" => {
                for word in ["(", "METRICS", "(", ")", ")"] {
                    self.expect(word);
                }
                self.values.values().sum()
            }
            word => match word.parse() {
                Ok(number) => number,
                Err(_) => *self.values.get(word).unwrap_or_else(|| panic!("no metric {word}")),
            },
        }
    }
}

fn alarms() -> BTreeMap<String, Value> {
    let template = contract::yaml("template.yaml");
    let resources = template["Resources"].as_object().unwrap().clone().into_iter();
    let alarms = resources.filter(|(_, resource)| resource["Type"] == "AWS::CloudWatch::Alarm");
    alarms.map(|(name, alarm)| (name, alarm["Properties"].clone())).collect()
}

/// A number of the template, or what a parameter is unless it is set.
fn number(value: &Value) -> f64 {
    let template = contract::yaml("template.yaml");
    value
        .as_f64()
        .or_else(|| template["Parameters"][value.as_str()?]["Default"].as_f64())
        .expect("a number, or a parameter")
}

/// Whether the alarm rings at these values of its metrics, by their names or ids.
fn rings(alarm: &Value, values: &[(&str, f64)]) -> bool {
    let values: BTreeMap<_, _> = values.iter().copied().collect();
    let value = match alarm["MetricName"].as_str() {
        Some(name) => values[name],
        None => {
            let mut metrics = alarm["Metrics"].as_array().unwrap().iter();
            let expression = metrics.find_map(|one| one["Expression"].as_str()).unwrap();
            let mut reader = Reader::of(expression, &values);
            let value = reader.value();
            assert!(reader.words.is_empty(), "{expression}");
            value
        }
    };
    let threshold = number(&alarm["Threshold"]);
    match alarm["ComparisonOperator"].as_str().unwrap() {
        "GreaterThanThreshold" => value > threshold,
        "GreaterThanOrEqualToThreshold" => value >= threshold,
        "LessThanThreshold" => value < threshold,
        other => panic!("{other}"),
    }
}

#[test]
fn each_alarm_rings_when_it_should_and_not_one_step_before() {
    // What is usual, and the least that is not.
    type Values = &'static [(&'static str, f64)];
    let cases: [(&str, Values, Values); 20] = [
        ("ApiErrors", &[("5XXError", 0.05)], &[("5XXError", 0.0501)]),
        ("ApiLatency", &[("Latency", 2_499.0)], &[("Latency", 2_500.0)]),
        ("AuditSeatsSilence", &[("EventsAudited", 1.0)], &[("EventsAudited", 0.0)]),
        (
            "AuditSeatsViolations",
            &[("SeatsAuditViolations", 0.0)],
            &[("SeatsAuditViolations", 1.0)],
        ),
        ("AuthorizerTrouble", &[("Errors", 0.0)], &[("Errors", 1.0)]),
        (
            "ConcurrencyNearLimit",
            &[("ClaimedAccountConcurrency", 800.0)],
            &[("ClaimedAccountConcurrency", 801.0)],
        ),
        ("FastBurnLong", &[("5XXError", 0.0144)], &[("5XXError", 0.0145)]),
        ("FastBurnShort", &[("5XXError", 0.0144)], &[("5XXError", 0.0145)]),
        (
            "FunctionErrors",
            &[("reserveSeats", 0.0), ("auditSeats", 0.0)],
            &[("reserveSeats", 0.0), ("auditSeats", 1.0)],
        ),
        ("FunctionThrottles", &[("showDocs", 0.0)], &[("showDocs", 1.0)]),
        ("GivenUpOrders", &[("GivenUp", 0.0)], &[("GivenUp", 1.0)]),
        (
            "RehearseSaleSilence",
            &[("runs", 2.0), ("failed", 1.0)],
            &[("runs", 1.0), ("failed", 1.0)],
        ),
        ("SlowBurnLong", &[("5XXError", 0.006)], &[("5XXError", 0.0061)]),
        ("SlowBurnShort", &[("5XXError", 0.006)], &[("5XXError", 0.0061)]),
        ("SlowSales", &[("Duration", 299.0)], &[("Duration", 300.0)]),
        ("TableErrors", &[("getItem", 0.0)], &[("getItem", 1.0)]),
        ("TableThrottles", &[("updateItem", 0.0)], &[("updateItem", 1.0)]),
        (
            "UpdateErrors",
            &[("errors", 3.0), ("requests", 150.0)],
            &[("errors", 3.0), ("requests", 149.0)],
        ),
        (
            "UpdateErrors",
            &[("errors", 2.0), ("requests", 2.0)],
            &[("errors", 3.0), ("requests", 3.0)],
        ),
        (
            "WriteUnitsPerSale",
            &[("units", 150.0), ("sales", 50.0)],
            &[("units", 151.0), ("sales", 50.0)],
        ),
    ];
    let alarms = alarms();
    for (name, usual, unusual) in cases {
        assert!(!rings(&alarms[name], usual), "{name} at {usual:?}");
        assert!(rings(&alarms[name], unusual), "{name} at {unusual:?}");
    }
    let few = [("units", 490.0), ("sales", 49.0)];
    assert!(!rings(&alarms["WriteUnitsPerSale"], &few), "few sales say nothing");
    let tried: BTreeSet<_> = cases.iter().map(|(name, ..)| (*name).to_owned()).collect();
    assert_eq!(tried, alarms.into_keys().collect());
}

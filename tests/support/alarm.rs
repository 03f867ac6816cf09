//! Whether an alarm of template.yaml rings at some values of its metrics.
//!
//! CloudWatch's metric math is done here, as far as our alarms use it: sums, products, quotients,
//! comparisons, `AND`, `FILL` and `IF`. How long it has to last is the alarm's own setting.

use std::collections::BTreeMap;

use serde_json::Value;

use super::contract;

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
        let value = self.sum();
        if self.takes(">=") {
            return f64::from(value >= self.sum());
        }
        if self.takes(">") { f64::from(value > self.sum()) } else { value }
    }

    fn sum(&mut self) -> f64 {
        let mut value = self.product();
        while self.takes("+") {
            value += self.product();
        }
        value
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
            "(" => {
                let value = self.value();
                self.expect(")");
                value
            }
            "FILL" => {
                self.expect("(");
                let metric = self.take();
                self.expect(",");
                let otherwise = self.value();
                self.expect(")");
                self.values.get(metric).copied().unwrap_or(otherwise)
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

/// All alarms but the composite ones, by their names.
pub(crate) fn alarms() -> BTreeMap<String, Value> {
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
pub(crate) fn rings(alarm: &Value, values: &[(&str, f64)]) -> bool {
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

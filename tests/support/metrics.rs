//! What CloudWatch makes of the log, by the metric filters of template.yaml.

use std::collections::BTreeMap;

use serde_json::Value;

use super::contract;

/// Whether a filter's pattern is met, as far as ours go: `{ $.a > 0 && $.b = * }`.
fn is_met(pattern: &str, line: &Value) -> bool {
    let conditions = pattern.trim_matches(['{', '}', ' ']).split(" && ");
    conditions.into_iter().all(|condition| {
        let (field, rest) = condition.strip_prefix("$.").unwrap().split_once(' ').unwrap();
        let (value, number) = (&line[field], line[field].as_f64());
        match rest.split_once(' ').unwrap() {
            ("IS", "TRUE") => *value == true,
            ("=", "*") => !value.is_null(),
            ("=", text) => *value == text.trim_matches('"'),
            (">", bound) => number.is_some_and(|number| number > bound.parse().unwrap()),
            (">=", bound) => number.is_some_and(|number| number >= bound.parse().unwrap()),
            ("<", bound) => number.is_some_and(|number| number < bound.parse().unwrap()),
            other => panic!("{other:?} in {pattern}"),
        }
    })
}

/// What the filters of template.yaml make of these lines: each metric's sum, by its dimension.
pub(crate) fn metrics_of(lines: &[Value]) -> BTreeMap<String, f64> {
    let template = contract::yaml("template.yaml");
    let mut sums = BTreeMap::new();
    for filter in template["Resources"].as_object().unwrap().values() {
        if filter["Type"] != "AWS::Logs::MetricFilter" {
            continue;
        }
        let made = &filter["Properties"]["MetricTransformations"][0];
        let pattern = filter["Properties"]["FilterPattern"].as_str().unwrap();
        for line in lines.iter().filter(|line| is_met(pattern, line)) {
            let name = made["MetricName"].as_str().unwrap();
            let name = match made["Dimensions"][0]["Key"].as_str() {
                Some(dimension) => format!("{name} {}", line[dimension].as_str().unwrap()),
                None => name.to_owned(),
            };
            let value = made["MetricValue"].as_str().unwrap();
            let value = match value.strip_prefix("$.") {
                Some(field) => line[field].as_f64(),
                None => value.parse().ok(),
            };
            *sums.entry(name).or_default() += value.unwrap();
        }
    }
    sums
}

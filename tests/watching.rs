//! What an operator looks at is made of what there is: each field that a metric filter or a query
//! reads is one that a request's line has, and each metric on the dashboard is one that is made.

use std::collections::BTreeSet;

use audit_seats::Audited;
use serde_json::Value;

use crate::support::{contract, nouns};

/// The fields of a request's line, as `answer/log.rs` writes them, and what every line has.
fn fields() -> BTreeSet<String> {
    let code = contract::file("shared/src/answer/log.rs");
    let (_, list) = code.split_once("tracing::$level!(").expect("the list of fields");
    let (list, _) = list.split_once("$message").expect("its end");
    let names = list.lines().map(str::trim).filter(|line| !line.is_empty());
    let names = names.map(|line| line.split([' ', ',']).next().unwrap().to_owned());
    names.chain(["level", "message", "target", "timestamp"].map(str::to_owned)).collect()
}

fn of_type(kind: &str) -> Vec<(String, Value)> {
    let template = contract::yaml("template.yaml");
    let resources = template["Resources"].as_object().unwrap().clone().into_iter();
    let resources = resources.filter(|(_, resource)| resource["Type"] == kind);
    resources.map(|(name, resource)| (name, resource["Properties"].clone())).collect()
}

/// What stands after each `$.`, up to the end of the word.
fn read_by(text: &str) -> Vec<&str> {
    let words = text.split("$.").skip(1);
    words
        .map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap())
        .collect()
}

#[test]
fn each_metric_is_made_of_fields_that_a_request_writes() {
    let fields = fields();
    assert!(fields.contains("seats_sold") && fields.len() > 25, "{fields:?}");
    let filters = of_type("AWS::Logs::MetricFilter");
    assert!(filters.len() > 10);
    for (name, filter) in filters {
        let made = &filter["MetricTransformations"][0];
        assert_eq!(name, format!("{}Filter", made["MetricName"].as_str().unwrap()));
        let text = filter.to_string();
        for field in read_by(&text) {
            assert!(fields.contains(field), "{name} reads {field}");
        }
    }
}

#[test]
fn each_saved_query_reads_fields_that_a_request_writes() {
    let fields = fields();
    let words = [
        "fields",
        "filter",
        "ispresent",
        "sort",
        "desc",
        "limit",
        "stats",
        "count",
        "sum",
        "avg",
        "max",
        "as",
        "by",
        "bin",
        "pool",
        "refusals",
        "starts",
        "ms",
        "lost",
        "most",
        "requests",
        "written",
        "read",
        "seats",
        "sales",
        "REPLACE",
        "WITH",
        "ITS",
        "ID",
        "m",
        "SOURCE",
        "FunctionLogs",
        "timestamp",
    ];
    let mut queries: Vec<_> = of_type("AWS::Logs::QueryDefinition")
        .into_iter()
        .map(|(_, query)| query["QueryString"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(queries.len(), 6);
    let of_widget = |widget: &Value| widget["properties"]["query"].as_str().map(str::to_owned);
    queries.extend(widgets().iter().filter_map(of_widget));
    for query in queries {
        for word in query.split(|c: char| !c.is_alphanumeric() && c != '_') {
            let is_number = word.chars().all(|c| c.is_ascii_digit() || c == 'm');
            assert!(is_number || words.contains(&word) || fields.contains(word), "{word}: {query}");
        }
    }
}

/// The dashboard's widgets. What the template fills in stays as it is there.
fn widgets() -> Vec<Value> {
    let [(_, dashboard)] = of_type("AWS::CloudWatch::Dashboard").try_into().expect("one");
    let body = dashboard["DashboardBody"].as_str().unwrap();
    let body: Value = serde_json::from_str(body).expect("it is JSON");
    body["widgets"].as_array().unwrap().clone()
}

/// What AWS publishes, as its guides list it: for API Gateway, Lambda and DynamoDB.
const OF_AWS: [(&str, &str); 9] = [
    ("AWS/ApiGateway", "Count"),
    ("AWS/ApiGateway", "Latency"),
    ("AWS/ApiGateway", "4XXError"),
    ("AWS/ApiGateway", "5XXError"),
    ("AWS/Lambda", "ClaimedAccountConcurrency"),
    ("AWS/Lambda", "ConcurrentExecutions"),
    ("AWS/Lambda", "Errors"),
    ("AWS/Lambda", "Invocations"),
    ("AWS/Lambda", "Throttles"),
];

/// Whether somebody makes this metric: a filter with this dimension, the audit, or AWS.
fn is_made(namespace: &str, name: &str, dimension: Option<&str>) -> bool {
    let audit = contract::file("functions/audit-seats/src/lib.rs");
    match namespace {
        "TicketBoss/${AWS::StackName}" => {
            of_type("AWS::Logs::MetricFilter").iter().any(|(_, filter)| {
                let made = &filter["MetricTransformations"][0];
                made["MetricNamespace"] == namespace
                    && made["MetricName"] == name
                    && made["Dimensions"][0]["Key"].as_str() == dimension
            })
        }
        "TicketBoss" => audit.contains(&format!("count(\"{name}\")")),
        _ => {
            let of_table = ["ThrottledRequests", "SystemErrors"].contains(&name);
            OF_AWS.contains(&(namespace, name)) || (namespace == "AWS/DynamoDB" && of_table)
        }
    }
}

#[test]
fn the_dashboard_and_the_alarms_show_metrics_that_are_made() {
    let mut shown = 0;
    for widget in widgets() {
        for metric in widget["properties"]["metrics"].as_array().into_iter().flatten() {
            let Some([namespace, name]) = metric.as_array().and_then(|all| all.first_chunk())
            else {
                let expression = metric[0]["expression"].as_str().expect("an expression");
                if let Some((_, searched)) = expression.split_once("SEARCH('{") {
                    let (namespace, rest) = searched.split_once(',').unwrap();
                    let (dimension, rest) = rest.split_once("} MetricName=\"").unwrap();
                    let (name, _) = rest.split_once('"').unwrap();
                    assert!(is_made(namespace, name, Some(dimension)), "{expression}");
                }
                continue;
            };
            if namespace == "..." {
                continue;
            }
            let (namespace, name) = (namespace.as_str().unwrap(), name.as_str().unwrap());
            assert!(is_made(namespace, name, metric[2].as_str()), "{namespace} {name}");
            shown += 1;
        }
    }
    assert!(shown > 25, "{shown}");

    for (alarm, properties) in of_type("AWS::CloudWatch::Alarm") {
        let several = properties["Metrics"].as_array().into_iter().flatten();
        let several = several.map(|one| one.get(1).unwrap_or(one));
        let metrics = several.filter_map(|one| one.pointer("/MetricStat/Metric"));
        for metric in metrics.chain(properties.get("MetricName").map(|_| &properties)) {
            let text = |member: &str| metric[member].as_str().unwrap();
            let dimension = metric["Dimensions"][0]["Name"].as_str();
            assert!(is_made(text("Namespace"), text("MetricName"), dimension), "{alarm}");
        }
    }
    let of_alarms = widgets().into_iter().filter(|widget| widget["type"] == "alarm");
    let rung = of_alarms.map(|widget| widget["properties"]["alarms"].as_array().unwrap().len());
    assert_eq!(rung.sum::<usize>(), 18);
}

/// The audit's line, held to AWS's "Specification: Embedded metric format" and its schema.
#[test]
fn the_audits_metrics_are_in_the_embedded_format() {
    let audited = Audited { events: 3, pools: 12, violations: 1, heavy: 0, unsettled: 2 };
    let line = audited.metrics("ticketboss", nouns::start_of_time());
    assert!(line.to_string().len() <= 256 * 1_024);
    let metadata = &line["_aws"];
    assert!(metadata["Timestamp"].as_i64().is_some_and(|at| at > 1_700_000_000_000));
    let directives = metadata["CloudWatchMetrics"].as_array().unwrap();
    assert!(!directives.is_empty());
    for directive in directives {
        assert!((1..=1_024).contains(&directive["Namespace"].as_str().unwrap().len()));
        let sets = directive["Dimensions"].as_array().unwrap();
        assert!(!sets.is_empty());
        for set in sets.iter().map(|set| set.as_array().unwrap()) {
            assert!((1..=30).contains(&set.len()));
            for name in set.iter().map(|name| name.as_str().unwrap()) {
                assert!((1..=250).contains(&name.len()));
                assert!((1..=1_024).contains(&line[name].as_str().unwrap().len()), "{name}");
            }
        }
        let metrics = directive["Metrics"].as_array().unwrap();
        assert!((1..=100).contains(&metrics.len()));
        for metric in metrics {
            let name = metric["Name"].as_str().unwrap();
            assert!((1..=1_024).contains(&name.len()));
            assert_eq!(metric["Unit"], "Count");
            assert!(line[name].is_number(), "{name} has a value");
        }
    }
}

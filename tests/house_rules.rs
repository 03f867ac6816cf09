//! What no compiler and no linter holds us to: names agree, sizes hold, every file says what it is.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::contract::{self, Operation, kebab};

/// All text files that are ours, by their paths inside the checkout.
fn files() -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut folders = vec![contract::path("")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let not_ours = ["target", ".git", ".aws-sam", ".ticketboss", "node_modules"];
            if not_ours.contains(&name.as_str()) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = fs::read_to_string(&path) {
                let path = path.strip_prefix(contract::path("")).unwrap();
                files.push((path.to_str().unwrap().to_owned(), text));
            }
        }
    }
    files.sort();
    files
}

fn rust_files() -> impl Iterator<Item = (String, String)> {
    files().into_iter().filter(|(path, _)| path.ends_with(".rs"))
}

#[test]
fn an_operation_has_one_name_in_all_places() {
    let folders = fs::read_dir(contract::path("functions")).unwrap();
    let crates: BTreeSet<_> =
        folders.map(|folder| folder.unwrap().file_name().into_string().unwrap()).collect();
    let resources = contract::functions();
    let named: BTreeSet<_> = resources.keys().map(|resource| kebab(resource)).collect();
    assert_eq!(named, crates, "template.yaml's functions are the crates");

    for name in &crates {
        for (_, grant) in resources.iter().filter(|(resource, _)| kebab(resource) == *name) {
            assert_eq!(grant.code, format!("functions/{name}"));
        }
        let manifest = contract::file(&format!("functions/{name}/Cargo.toml"));
        assert!(manifest.contains(&format!("name = \"{name}\"\n")), "{name} is the package");
        let snake = name.replace('-', "_");
        let code = contract::file(&format!("functions/{name}/src/lib.rs"));
        assert!(code.contains(&format!("fn {snake}")), "{name} is the function");
        assert!(contract::path(&format!("tests/{snake}.rs")).exists(), "{name} has tests");
    }

    // The gateway asks the first, and the clock starts the others.
    let by_themselves = ["authorize-partner", "audit-seats", "rehearse-sale"];
    let mut served = BTreeSet::from(by_themselves.map(str::to_owned));
    for Operation { id, function, path, method, .. } in contract::operations() {
        let (id, function) = (kebab(id), kebab(function));
        let twin = id.strip_prefix(&function).unwrap_or_else(|| panic!("{id} is {function}'s"));
        let twin = if method == "HEAD" { twin.trim_end_matches("-head") } else { twin };
        let is_twin = twin == "-by-event-id" && path.starts_with("/events/{eventId}");
        assert!(twin.is_empty() || is_twin || function == "show-docs", "{id} of {path}");
        served.insert(function);
    }
    assert_eq!(served, crates, "every function serves an operation");
}

#[test]
fn every_operation_says_who_may_call_it() {
    for Operation { id, method, path, schemes, .. } in contract::operations() {
        let public = ["/healthcheck", "/docs", "/docs.json", "/docs/{asset}"];
        let is_public = public.contains(&path.as_str());
        let want = if is_public { vec![] } else { vec!["PartnerKey".to_owned()] };
        assert_eq!(*schemes, Some(want), "{id}: {method} {path}");
        let roles = &contract::document()["paths"][path][method.to_lowercase()]["x-roles"];
        let roles = roles.as_array().map_or(0, Vec::len);
        assert_eq!(roles > 0, !is_public, "{id} says which roles may call it");
    }
    assert!(contract::document()["security"].is_null(), "API Gateway would ignore it");
}

#[test]
fn every_function_is_watched_and_rolled_back() {
    let template = contract::yaml("template.yaml");
    let resources = &template["Resources"];
    let rolls_back = &template["Globals"]["Function"]["DeploymentPreference"]["Alarms"];
    assert_eq!(*rolls_back, serde_json::json!(["FunctionErrors", "ChangeErrors", "UpdateErrors"]));
    let functions: BTreeSet<_> = contract::functions().into_keys().collect();
    let pairs = [
        (["FunctionErrors", "ChangeErrors"], "Errors"),
        (["FunctionThrottles", "ChangeThrottles"], "Throttles"),
    ];
    for (alarms, metric) in pairs {
        let mut watched = BTreeSet::new();
        for alarm in alarms {
            let metrics = resources[alarm]["Properties"]["Metrics"].as_array().unwrap();
            // A metric of what is off unless asked for is the second of an `!If`'s three parts.
            let metrics = metrics.iter().map(|one| one.get(1).unwrap_or(one));
            let of_alarm = metrics.filter_map(|one| {
                let metric_of = &one["MetricStat"]["Metric"];
                let function = metric_of["Dimensions"][0]["Value"].as_str()?;
                assert_eq!(metric_of["MetricName"], metric, "{alarm}");
                assert_eq!(metric_of["Dimensions"][1]["Value"], format!("${{{function}}}:live"));
                Some(function.to_owned())
            });
            let of_alarm: Vec<_> = of_alarm.collect();
            assert!(of_alarm.len() <= 10, "CloudWatch adds up ten at most");
            watched.extend(of_alarm);
        }
        let unwatched: Vec<_> = functions.difference(&watched).collect();
        // Nobody waits for these, and the silence of each is an alarm of its own.
        let mut by_itself = vec!["RehearseSaleFunction"];
        if metric == "Throttles" {
            by_itself.insert(0, "AuditSeatsFunction");
        }
        assert_eq!(unwatched, by_itself, "{metric}");
    }
}

#[test]
fn every_alarm_has_a_section_in_the_runbook_and_names_it() {
    let (template, runbook) = (contract::yaml("template.yaml"), contract::file("RUNBOOK.md"));
    let resources = template["Resources"].as_object().unwrap().iter();
    let sections = runbook.lines().filter_map(|line| line.strip_prefix("### "));
    let sections: BTreeSet<_> = sections.map(str::to_lowercase).collect();
    let is_alarm = |kind: &Value| kind.as_str().is_some_and(|kind| kind.ends_with("Alarm"));
    let mut named = BTreeSet::new();
    for (name, alarm) in resources.filter(|(_, resource)| is_alarm(&resource["Type"])) {
        let description = alarm["Properties"]["AlarmDescription"].as_str().unwrap().trim_end();
        let (_, section) = description.rsplit_once("See RUNBOOK.md#").expect("it names a section");
        let section = section.trim_end_matches('.');
        // One of two windows is explained with the alarm that both make.
        assert!(name.to_lowercase().starts_with(section), "{name}: {description}");
        named.insert(section.to_owned());
    }
    assert!(named.len() > 10);
    assert_eq!(named, sections, "RUNBOOK.md has a section for each alarm, and no other");
}

#[test]
fn api_gateway_understands_every_line_of_the_contract() {
    let text = contract::file("openapi.yaml");
    for short in ["!Sub", "!Ref", "!GetAtt", "!Join", "!If", "!ImportValue"] {
        let used = text.lines().find(|line| line.contains(&format!(": {short}")));
        assert_eq!(used, None, "{short} passes locally and fails at the deployment");
    }
    assert_eq!(contract::document()["openapi"], "3.0.3");
    let mut uris = text.lines().filter(|line| line.contains("arn:"));
    assert!(uris.all(|line| line.contains(".Alias}/invocations")), "every function by its alias");
}

#[test]
fn every_rust_file_opens_by_saying_what_it_is() {
    for (path, text) in rust_files() {
        let opening: Vec<_> = text.lines().take_while(|line| line.starts_with("//!")).collect();
        assert!(!opening.is_empty(), "{path} opens with `//!`");
        if !path.ends_with("shared/src/lib.rs") {
            assert!(opening.len() <= 12, "{path} opens with {} lines", opening.len());
        }
    }
    for (path, text) in rust_files().filter(|(path, _)| path.ends_with("src/main.rs")) {
        let lines = text.lines().count();
        assert!(!path.starts_with("functions/") || lines <= 20, "{path} has {lines} lines");
    }
}

#[test]
fn files_functions_and_lines_stay_small() {
    let mut too_large = Vec::new();
    for (path, text) in rust_files() {
        if text.lines().count() > 300 {
            too_large.push(format!("{path} has {} lines", text.lines().count()));
        }
        let mut function = None;
        for (number, line) in (1..).zip(text.lines()) {
            if line.chars().count() > 100 {
                too_large.push(format!("{path}:{number} is {} wide", line.chars().count()));
            }
            let indented = line.len() - line.trim_start().len();
            let head =
                line.trim_start().trim_start_matches("pub ").trim_start_matches("pub(crate) ");
            let head = head.trim_start_matches("const ").trim_start_matches("async ");
            if head.starts_with("fn ") && line.ends_with('{') {
                function = Some((number, indented));
            }
            if let Some((start, depth)) = function
                && indented == depth
                && line.trim_end() == format!("{}}}", " ".repeat(depth))
            {
                if number - start > 70 {
                    too_large.push(format!("{path}:{start} is {} lines long", number - start));
                }
                function = None;
            }
        }
    }
    assert_eq!(too_large, Vec::<String>::new());
}

#[test]
fn tests_neither_sleep_nor_are_skipped() {
    let tests = rust_files().filter(|(path, _)| path.starts_with("tests/"));
    for (path, text) in tests.filter(|(path, _)| path != "tests/house_rules.rs") {
        let forbidden = ["#[ignore", "#[should_panic", "thread::sleep"];
        for word in forbidden {
            assert!(!text.contains(word), "{path} has {word}");
        }
    }
}

#[test]
fn what_we_leave_undone_is_not_in_the_code() {
    // In two parts, so that this file does not hold them itself.
    let words = [("TO", "DO"), ("FIX", "ME"), ("#[al", "low("), ("/wo", "rk/"), ("../sha", "red/")];
    for (path, text) in files() {
        for (first, second) in words {
            let word = format!("{first}{second}");
            let found = text.lines().find(|line| line.contains(&word));
            let is_lockfile = Path::new(&path).ends_with("Cargo.lock");
            assert!(found.is_none() || is_lockfile, "{path} has {word}: {found:?}");
        }
    }
}

//! Imports run one way: no module needs one that needs it, in `shared`, in the functions and in the
//! operator's command.
//!
//! A submodule is part of its parent and may use what stands there; all else counts, also paths
//! that are written out in the code. Test modules may import anything.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::support::contract;

/// What each module of a crate imports, by their paths: `dynamo::item`.
type Graph = BTreeMap<String, BTreeSet<String>>;

/// The module that stands in this file of a crate's `src`; the root is "".
fn module_of(file: &Path) -> String {
    let path = file.with_extension("");
    let parts: Vec<_> = path.iter().map(|part| part.to_str().unwrap()).collect();
    if parts == ["lib"] || parts == ["main"] { String::new() } else { parts.join("::") }
}

fn files_of(folder: &Path, below: &Path, files: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_of(&path, below, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let module = module_of(path.strip_prefix(below).unwrap());
            let text = fs::read_to_string(&path).unwrap();
            files.entry(module).or_default().push_str(&text);
        }
    }
}

/// Every path in the code that begins in this crate, `crate::a::b`, as `a::b`. A list in braces is
/// as many paths.
fn paths_in(text: &str, module: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]").next().unwrap();
    let code: String = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .map(|line| format!("{line}\n"))
        .collect();
    let parent = module.rsplit_once("::").map_or("", |(parent, _)| parent);
    let mut paths = Vec::new();
    for (start, base) in [("crate::", ""), ("super::", parent), ("self::", module)] {
        for (position, _) in code.match_indices(start) {
            let is_whole = !code[..position].ends_with(|before: char| {
                before.is_alphanumeric() || before == '_' || before == ':'
            });
            if is_whole {
                let rest = &code[position + start.len()..];
                expand(base, rest, &mut paths);
            }
        }
    }
    paths
}

/// Reads one path, or a list of paths in braces, from the beginning of the text, and gives what is
/// left of it.
fn expand<'text>(base: &str, text: &'text str, paths: &mut Vec<String>) -> &'text str {
    let text = text.trim_start();
    if let Some(mut rest) = text.strip_prefix('{') {
        loop {
            rest = rest.trim_start().trim_start_matches(',').trim_start();
            match rest.strip_prefix('}') {
                Some(after) => return after,
                None if rest.is_empty() => return rest,
                None => rest = expand(base, rest, paths),
            }
        }
    }
    let end = text.find(|one: char| !one.is_alphanumeric() && one != '_').unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let joined = match (base, name) {
        (_, "super") => base.rsplit_once("::").map_or("", |(parent, _)| parent).to_owned(),
        (_, "self") => base.to_owned(),
        ("", name) => name.to_owned(),
        (base, name) => format!("{base}::{name}"),
    };
    if let Some(further) = rest.strip_prefix("::") {
        return expand(&joined, further, paths);
    }
    paths.push(joined);
    if name.is_empty() { rest.get(1..).unwrap_or_default() } else { rest }
}

fn graph_of(files: &BTreeMap<String, String>) -> Graph {
    let modules: BTreeSet<_> = files.keys().filter(|module| !module.is_empty()).cloned().collect();
    let mut graph = Graph::new();
    for (module, text) in files.iter().filter(|(module, _)| !module.is_empty()) {
        let imports = graph.entry(module.clone()).or_default();
        for path in paths_in(text, module) {
            // The module in which the named thing stands: the longest beginning that is one.
            let mut named = path.as_str();
            while !modules.contains(named) && !named.is_empty() {
                named = named.rsplit_once("::").map_or("", |(shorter, _)| shorter);
            }
            let is_own = named.is_empty() || *module == named;
            if !is_own && !module.starts_with(&format!("{named}::")) {
                imports.insert(named.to_owned());
            }
        }
    }
    graph
}

/// A way from a module back to itself, if there is one.
fn cycle_in(graph: &Graph) -> Option<Vec<String>> {
    fn walk(graph: &Graph, way: &mut Vec<String>, done: &mut BTreeSet<String>) -> bool {
        let here = way.last().unwrap().clone();
        for next in graph.get(&here).into_iter().flatten() {
            if let Some(start) = way.iter().position(|known| known == next) {
                way.drain(..start);
                way.push(next.clone());
                return true;
            }
            if !done.contains(next) {
                way.push(next.clone());
                if walk(graph, way, done) {
                    return true;
                }
                way.pop();
            }
        }
        done.insert(here);
        false
    }
    let mut done = BTreeSet::new();
    graph.keys().find_map(|module| {
        let mut way = vec![module.clone()];
        walk(graph, &mut way, &mut done).then_some(way)
    })
}

#[test]
fn imports_run_one_way() {
    let functions = fs::read_dir(contract::path("functions")).unwrap();
    let functions = functions.map(|folder| folder.unwrap().path());
    let crates = functions.chain([contract::path("shared"), contract::path("cli")]);
    for folder in crates {
        let (source, mut files) = (folder.join("src"), BTreeMap::new());
        files_of(&source, &source, &mut files);
        assert_eq!(cycle_in(&graph_of(&files)), None, "{}", folder.display());
    }
}

#[test]
fn a_cycle_is_found_however_it_is_written() {
    let files = |texts: &[(&str, &str)]| {
        let own = |(module, text): &(&str, &str)| ((*module).to_owned(), (*text).to_owned());
        texts.iter().map(own).collect::<BTreeMap<_, _>>()
    };
    let cycle = |texts: &[(&str, &str)]| cycle_in(&graph_of(&files(texts))).is_some();
    assert!(cycle(&[("a", "use crate::b::C;"), ("b", "fn f() { crate::a::g(); }")]));
    assert!(cycle(&[("a", "use crate::{x, b::{\n    C,\n}};"), ("b", "use super::a::D;")]));
    assert!(cycle(&[
        ("a", "use crate::b;"),
        ("b", "use crate::c;"),
        ("c", "use crate::a::{self};")
    ]));
    assert!(cycle(&[("a::x", "use super::y::Z;"), ("a::y", "use super::x;")]));
    assert!(!cycle(&[("a", "use crate::b;"), ("b", "use crate::c;"), ("c", "")]));
    assert!(!cycle(&[("a", "mod x;\nuse self::x::Y;"), ("a::x", "use super::Z;")]));
    let in_tests = "#[cfg(test)]\nmod tests { use crate::a; }";
    assert!(!cycle(&[("a", "use crate::b;"), ("b", in_tests)]));
    assert!(!cycle(&[("a", "use crate::b;"), ("b", "/// See [`crate::a`].\nfn f() {}")]));
}

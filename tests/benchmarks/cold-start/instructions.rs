//! What one warm reservation costs in instructions, and which: `-- --instructions`.
//!
//! `reserve-seats` runs under callgrind, which forgets its counts once orders are sold: what it
//! counts from there on is theirs alone. Counts hardly depend on what else the machine does. What
//! the kernel does is not among them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tokio::process::Command;

use crate::function::Function;
use crate::place::{Place, build_one, order};

/// So many orders are counted.
const ORDERS: u64 = 300;
/// So slow is a program under callgrind that its first orders may take too long. It is warm once
/// so many in a row were sold.
const WARM_ORDERS: u64 = 5;
/// So many rows of the longest table.
const ROWS: usize = 30;

/// Instructions by function, without those of the functions it calls.
type Profile = BTreeMap<String, u64>;

/// Counts for each of these binaries, or else for the one that the sources make.
pub(crate) async fn print(place: &Place, others: Vec<PathBuf>) {
    let mut binaries = others;
    if binaries.is_empty() {
        let with_symbols = "profile.release.package.reserve-seats.strip=false";
        binaries.push(build_one("reserve-seats", &["--config", with_symbols]).await);
    }
    for binary in binaries {
        println!("## {}\n", binary.display());
        print_one(place, &binary).await;
    }
}

async fn print_one(place: &Place, binary: &Path) {
    let functions: Profile = profile(place, binary).await;
    let mut crates = Profile::new();
    for (name, count) in &functions {
        *crates.entry(family(name).to_owned()).or_default() += count;
    }
    let each = functions.values().sum::<u64>();
    println!("An order: {each} instructions.\n");
    for (title, profile) in [("of", &crates), ("in", &functions)] {
        println!("| instructions | share | {title} |\n|---:|---:|---|");
        let mut rows: Vec<_> = profile.iter().collect();
        rows.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        for (name, count) in rows.into_iter().take(ROWS) {
            let (whole, tenths) = (count * 100 / each, count * 1000 / each % 10);
            println!("| {count} | {whole}.{tenths} % | {name} |");
        }
        println!();
    }
}

/// Runs it under callgrind, and gives what an order costs.
async fn profile(place: &Place, binary: &Path) -> Profile {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("callgrind.out");
    let out = format!("--callgrind-out-file={}", file.display());
    let options = ["--tool=callgrind", "--compress-strings=no", "--compress-pos=no", &out];
    let mut program = vec![Path::new("valgrind")];
    program.extend(options.map(Path::new));
    program.push(binary);
    let (mut function, _) = Function::start(&program, &place.settings).await;
    let mut warm = 0;
    while warm < WARM_ORDERS {
        warm = if sells(&mut function).await { warm + 1 } else { 0 };
    }
    let zero = ["--zero", &function.id().to_string()];
    let told = Command::new("callgrind_control").args(zero).output().await;
    assert!(told.expect("valgrind has it").status.success(), "callgrind listens");
    for _ in 0..ORDERS {
        assert!(sells(&mut function).await, "it is warm");
    }
    function.end().await;
    let profile = read(&fs::read_to_string(file).expect("callgrind writes it as UTF-8"));
    profile.into_iter().map(|(name, count)| (name, count / ORDERS)).collect()
}

async fn sells(function: &mut Function) -> bool {
    let (answer, _) = function.invoke(&order()).await;
    let answer: Value = serde_json::from_slice(&answer).expect("it is JSON");
    answer["statusCode"] == 201
}

/// Reads what callgrind wrote: `fn=NAME`, then a line and a count for each of its lines; after
/// `calls=`, one count is the callee's.
fn read(text: &str) -> Profile {
    let mut profile = Profile::new();
    let mut function = "";
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(name) = line.strip_prefix("fn=") {
            function = name;
        } else if line.starts_with("calls=") {
            lines.next();
        } else if let Some((position, count)) = line.split_once(' ')
            && position.parse::<u64>().is_ok()
            && let Ok(count) = count.parse::<u64>()
        {
            *profile.entry(function.to_owned()).or_default() += count;
        }
    }
    profile
}

/// The crate that a function is from, as its name tells; C has none.
fn family(name: &str) -> &str {
    let name = name.trim_start_matches(['<', '&', '*', '(', '_']);
    let end = name.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
    match name.split_at(end.unwrap_or(name.len())) {
        (family, rest) if rest.starts_with("::") => family,
        (family, _) if family.starts_with("aws_lc_") => "AWS-LC",
        _ => "C library and AWS-LC",
    }
}

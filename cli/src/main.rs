//! `ticketboss`: reads the command line and does what it says.

use std::error::Error;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use ticketboss::{audit, events, load, local, partners, smoke};

/// Sells seats, each exactly once. Without a command: the whole stack on this machine.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    local: local::Settings,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the whole stack on this machine: functions, gateway and database
    Local(local::Settings),
    /// Give, list and take away access keys
    Partner(partners::Arguments),
    /// Create and list events; pause, resume and close their sales
    Event(events::Arguments),
    /// Check that every seat is there, and only once, while they are sold
    Audit(audit::Arguments),
    /// Send orders to a stack, measure its answers, and check that the books balance
    Load(load::Arguments),
    /// Look at a stack that was just deployed: every operation, once
    Smoke(smoke::Arguments),
}

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments { command, local } = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help was asked for, or the command line is wrong. If it cannot be told, it cannot.
            let _ = error.print();
            return if error.use_stderr() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
        }
    };
    let done = match command {
        None => local::run(&local).await,
        Some(Command::Local(settings)) => local::run(&settings).await,
        Some(Command::Partner(arguments)) => partners::run(arguments).await,
        Some(Command::Event(arguments)) => events::run(arguments).await,
        Some(Command::Audit(arguments)) => audit::run(arguments).await,
        Some(Command::Load(arguments)) => load::run(arguments).await,
        Some(Command::Smoke(arguments)) => smoke::run(arguments).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", with_sources(&error));
            ExitCode::FAILURE
        }
    }
}

/// The error and what caused it, in one line.
fn with_sources(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

//! Owns the program: reads the command line, runs one command, turns its outcome into an exit code.

use simulator::options::{Command, LoadOptions};
use simulator::{demo, load, settings};
use std::io::Write as _;
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match settings::read(std::env::args_os()).unwrap_or_else(|e| e.exit()).command {
        Command::Load(options) => run_load(&options).await,
        Command::Demo(options) => demo::run(&options, stopped()).await.map(|()| ExitCode::SUCCESS),
    };
    outcome.unwrap_or_else(|e| {
        let _closed = writeln!(std::io::stderr(), "simulator: {e:#}");
        ExitCode::FAILURE
    })
}

async fn run_load(options: &LoadOptions) -> anyhow::Result<ExitCode> {
    let report = load::run(options).await?;
    if let Some(path) = &options.report {
        report.write(path).map_err(|e| anyhow::anyhow!("report {}: {e}", path.display()))?;
    }
    write!(std::io::stdout(), "{}", report.table())?;
    Ok(if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Ctrl-C or SIGTERM.
async fn stopped() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

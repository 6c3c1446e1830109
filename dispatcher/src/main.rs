//! The one binary. Errors are printed once: 2 for a mistake of the caller, 1 for all else.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::Write;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The error with its causes, each said once: some texts hold their cause already.
fn told(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

/// A panic's text may hold what it stumbled over, such as the number of somebody's street: only where it was is told.
fn keep_panics_private() {
    std::panic::set_hook(Box::new(|panic| {
        let (thread, backtrace) = (std::thread::current(), Backtrace::capture());
        let at = panic.location().map(ToString::to_string).unwrap_or_default();
        let mut text = format!("thread '{}' panicked at {at}\n", thread.name().unwrap_or("unnamed"));
        if backtrace.status() == BacktraceStatus::Captured {
            text = format!("{text}{backtrace}\n");
        }
        let _ = std::io::stderr().write_all(text.as_bytes());
    }));
}

fn main() -> ExitCode {
    keep_panics_private();
    // Two providers may be compiled in; the first use without a choice would panic.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(anyhow::Error::from)
        .and_then(|runtime| runtime.block_on(dispatcher::cli::run()));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {}", told(&error));
            ExitCode::from(if error.is::<dispatcher::cli::Misuse>() { 2 } else { 1 })
        }
    }
}

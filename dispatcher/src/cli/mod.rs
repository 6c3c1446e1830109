//! Owns the command line: what can be asked, and the help that teaches it. Each command has a file; `serve` is `startup`.

mod admin;
mod import_map;

use crate::config::{Config, ConfigProblem, Flags};
use crate::{clock::Env, http, record::Record, startup, telemetry, tls};
use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Real-time dispatch of companion escorts.
#[derive(Parser)]
#[command(
    name = "dispatcher",
    version,
    about,
    after_help = "Try it:\n  dispatcher serve --demo\n  dispatcher import-map seoul.osm.pbf seoul.graph && dispatcher serve --map seoul.graph --data /var/lib/donghaeng"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the service
    #[command(
        after_help = "Every setting also by environment (DONGHAENG_LISTEN, DONGHAENG_DATA, …) and in a TOML file (--config):\n  listen = \"127.0.0.1:8080\"\n  data = \"/var/lib/donghaeng\"\n  redis = \"redis://127.0.0.1:6379\"\nFlag before environment before file. SIGTERM drains."
    )]
    Serve(Box<Flags>),
    /// Make a map file from an OpenStreetMap extract
    #[command(
        after_help = "Example:\n  dispatcher import-map seoul.osm.pbf seoul.graph --bbox 126.76,37.42,127.19,37.70"
    )]
    ImportMap(import_map::Args),
    /// Check the settings and print what they come to
    CheckConfig(Box<Flags>),
    /// Print the OpenAPI description of the REST interface
    Openapi,
    /// Make a self-signed certificate for development: a phone gives its position to HTTPS pages only
    #[command(
        after_help = "Example:\n  dispatcher dev-cert --out certs --host my-laptop.local\n  dispatcher serve --demo --listen 0.0.0.0:8443 --tls-cert certs/cert.pem --tls-key certs/key.pem"
    )]
    DevCert {
        /// Where to write cert.pem and key.pem
        #[arg(long, default_value = "certs", value_name = "DIR")]
        out: PathBuf,
        /// Further host name or address beside localhost and 127.0.0.1 (may be repeated)
        #[arg(long = "host", value_name = "NAME")]
        hosts: Vec<String>,
        /// Replace existing files
        #[arg(long)]
        force: bool,
    },
    /// Set up agencies and people, and give out one-time codes; works beside a running server
    Admin(admin::Args),
    /// Copy the record into a new file, consistently, beside a running server
    #[command(
        after_help = "Example:\n  dispatcher backup --data /var/lib/donghaeng backup-2026-11-24.sqlite\nTo put it back: dispatcher restore"
    )]
    Backup {
        /// Data directory of the server
        #[arg(long, env = "DONGHAENG_DATA", default_value = "data", value_name = "DIR")]
        data: PathBuf,
        /// New file; must not exist
        out: PathBuf,
    },
    /// Put a copy made by `backup` in place of the record; the server must be stopped
    #[command(
        after_help = "Example:\n  dispatcher restore --data /var/lib/donghaeng backup-2026-11-24.sqlite\nThe copy is checked first. The old record is kept beside it as record.sqlite.before-TIME. With Redis, also empty the service's keys (dh:*): session numbers begin again from the copy's."
    )]
    Restore {
        /// Data directory of the server
        #[arg(long, env = "DONGHAENG_DATA", default_value = "data", value_name = "DIR")]
        data: PathBuf,
        /// The copy
        file: PathBuf,
    },
}

/// A mistake of the caller: usage or settings.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Misuse(String);

/// Runs what was asked.
pub async fn run() -> Result<()> {
    match Cli::parse().command {
        Command::Serve(flags) => {
            let config = decide(*flags)?;
            telemetry::logs(config.log_format, &config.log)?;
            startup::serve(config).await
        }
        Command::ImportMap(args) => import_map::run(&args),
        Command::CheckConfig(flags) => {
            let config = decide(*flags)?;
            for warning in config.warnings(environment()) {
                say_aside(&format!("warning: {warning}\n"))?;
            }
            say(&toml::to_string(&config).context("settings can be shown")?)
        }
        Command::Openapi => {
            let document = serde_json::to_string_pretty(&http::openapi::document()).context("the document is JSON")?;
            say(&(document + "\n"))
        }
        Command::DevCert { out, hosts, force } => {
            let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
            names.extend(hosts);
            let (cert, key) = tls::dev_cert(&out, &names, force)?;
            say(&format!("serve with --tls-cert {} --tls-key {}\n", cert.display(), key.display()))
        }
        Command::Admin(args) => admin::run(args).await,
        Command::Backup { data, out } => {
            if out.exists() {
                bail!("{} exists", out.display());
            }
            let record = open_existing(&data, Env::system()).await?;
            record.backup(&out).await.context("the copy failed")?;
            say(&format!("the record was copied to {}\n", out.display()))
        }
        Command::Restore { data, file } => {
            let env = Env::system();
            let aside = Record::restore(&data, &file, env.now()).await;
            let aside = aside.with_context(|| format!("{} was not put back", file.display()))?;
            if let Some(aside) = aside {
                say(&format!("the record before it is kept as {}\n", aside.display()))?;
            }
            say(&format!("the record of {} is now the copy {}\n", data.display(), file.display()))
        }
    }
}

/// The record of a directory that has one: a mistyped directory is not made into an empty record.
async fn open_existing(data: &Path, env: Env) -> Result<Record> {
    if !Record::is_in(data) {
        let dir = data.display();
        let text = format!(
            "there is no record in {dir}: name the server's data directory with --data, or make a new record with `serve` or `admin agency --name NAME --create`"
        );
        return Err(Misuse(text).into());
    }
    Ok(Record::open_beside(data, env).await?)
}

/// The names of the variables that are set.
fn environment() -> impl Iterator<Item = String> {
    std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned())
}

/// Every check there is, the same for whoever only asks and for `serve` before it makes anything.
fn decide(flags: Flags) -> Result<Config> {
    let config = Config::decide(flags).map_err(|problems| unusable(&problems))?;
    config.check_files().map_err(|problems| unusable(&problems))?;
    Ok(config)
}

fn unusable(problems: &[ConfigProblem]) -> anyhow::Error {
    let lines: Vec<String> = problems.iter().map(|p| format!("  {p}")).collect();
    Misuse(format!("these settings cannot be used:\n{}", lines.join("\n"))).into()
}

fn say(text: &str) -> Result<()> {
    std::io::stdout().lock().write_all(text.as_bytes()).context("cannot write to standard output")
}

fn say_aside(text: &str) -> Result<()> {
    std::io::stderr().lock().write_all(text.as_bytes()).context("cannot write to standard error")
}

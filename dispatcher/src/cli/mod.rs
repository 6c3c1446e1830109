//! Owns the command line: what can be asked, and the help that teaches it. Each command has a file; `serve` is `startup`.

mod admin;
mod audit;
mod backup;
mod device;
mod import_map;
mod zone;

use crate::config::{Config, ConfigProblem, Directory, Flags, GatewayConfig, GatewayFlags};
use crate::{gateway, http, record::Record, startup, telemetry, tls};
use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Real-time dispatch of companion escorts.
#[derive(Parser)]
#[command(
    name = "dispatcher",
    version,
    about,
    after_help = "Try it:\n  dispatcher serve --demo\n  dispatcher import-map seoul.osm.pbf seoul.graph && dispatcher serve --map seoul.graph --data /var/lib/donghaeng\n\nFirst people of a new service: dispatcher admin --help\nExit code: 0 all well; 2 a mistake of the caller, such as a wrong flag or setting; 1 all else."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the service
    #[command(
        after_help = "Examples:\n  dispatcher serve --demo\n  dispatcher serve --data /var/lib/donghaeng --map seoul.graph --listen 0.0.0.0:443 --tls-cert cert.pem --tls-key key.pem\n\nThe pages are /book, /staff and /console. Without --demo the first people are made by `dispatcher admin`.\nEvery setting also by environment (DONGHAENG_LISTEN, DONGHAENG_DATA, …) and in a TOML file (--config):\n  listen = \"127.0.0.1:8080\"\n  data = \"/var/lib/donghaeng\"\n  redis = \"redis://127.0.0.1:6379\"\nA flag goes before the environment, and that before the file. SIGTERM or Ctrl-C: what has begun is finished, then it ends."
    )]
    Serve(Box<Flags>),
    /// Run a gateway: it stands before the service and takes phones' connections and most fixes off it; there may be any number
    #[command(
        after_help = "Example:\n  dispatcher serve --data DIR --redis redis://127.0.0.1:6379 --gateway-listen 127.0.0.1:8081 --gateway-secret-file secret\n  dispatcher gateway --listen 127.0.0.1:8090 --upstream http://127.0.0.1:8081 --secret-file secret --redis redis://127.0.0.1:6379\nNeeded are --upstream, --secret-file and --redis. Every setting also by environment and in a TOML file (--config), as those of serve, but a file of its\nown. SIGTERM or Ctrl-C: what has begun is finished, then it ends."
    )]
    Gateway {
        /// Check the settings, print what they come to, and end
        #[arg(long)]
        check: bool,
        #[command(flatten)]
        flags: Box<GatewayFlags>,
    },
    /// Make a map file from an OpenStreetMap extract
    #[command(
        after_help = "Example:\n  dispatcher import-map seoul.osm.pbf seoul.graph --bbox 126.76,37.42,127.19,37.70"
    )]
    ImportMap(import_map::Args),
    /// Check the settings of `serve` and print what they come to; starts nothing
    CheckConfig(Box<Flags>),
    /// Print the OpenAPI description of the REST interface, which a running server has at `/openapi.json`
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
    /// Set up agencies, people, avoid zones and trackers, give out one-time codes, check the audit chain; works beside a running server
    Admin(admin::Args),
    /// Copy the record into a new file, consistently, beside a running server
    Backup(backup::BackupArgs),
    /// Put a copy made by `backup` in place of the record; the server must be stopped
    Restore(backup::RestoreArgs),
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
        Command::Gateway { check, flags } => {
            let config = GatewayConfig::decide(*flags).map_err(|problems| unusable(&problems))?;
            if check {
                for warning in config.warnings(environment()) {
                    say_aside(&format!("warning: {warning}\n"))?;
                }
                return say(&toml::to_string(&config).context("settings can be shown")?);
            }
            telemetry::logs(config.log_format, &config.log)?;
            gateway::serve(config).await
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
        Command::Backup(args) => backup::backup(&args).await,
        Command::Restore(args) => backup::restore(&args).await,
    }
}

/// A directory that has a record: a mistyped one is not made into an empty one.
fn need_record(data: &Path) -> Result<()> {
    if Record::is_in(data) {
        return Ok(());
    }
    let dir = data.display();
    let text = format!(
        "there is no record in {dir}: name the server's data directory with --data, or make a new record with `serve` or `admin agency --name NAME --create`"
    );
    Err(Misuse(text).into())
}

fn decide_directory(directory: &Directory) -> Result<PathBuf> {
    directory.decide().map_err(|problem| unusable(&[problem]))
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

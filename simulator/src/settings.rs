//! Owns the settings file: its keys are the options of the command, one that is none is refused, and what the command line or
//! the environment says goes before it; and that what came together may be so. Knows no option by name.

use crate::options::{Cli, Command};
use clap::error::{Error, ErrorKind};
use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// The option that names the file.
const CONFIG: &str = "config";

/// Reads command line, environment and, where one is named, the file. The first of `args` is the program.
pub fn read(args: impl IntoIterator<Item = impl Into<OsString>>) -> Result<Cli, Error> {
    let mut args: Vec<OsString> = args.into_iter().map(Into::into).collect();
    let given = Cli::command().try_get_matches_from(args.clone())?;
    if let Some((command, options)) = given.subcommand()
        && let Some(path) = options.get_one::<PathBuf>(CONFIG)
    {
        let at = args.iter().position(|arg| arg == command).expect("the command was found among the arguments") + 1;
        args.splice(at..at, from_file(path, command, options)?);
    }
    let cli = Cli::from_arg_matches(&Cli::command().try_get_matches_from(args)?)?;
    if let Command::Load(options) = &cli.command {
        options.check().map_err(|why| Cli::command().error(ErrorKind::ValueValidation, why))?;
    }
    Ok(cli)
}

/// The file's settings as arguments, without those that were given.
fn from_file(path: &Path, command: &str, given: &ArgMatches) -> Result<Vec<OsString>, Error> {
    let shown = path.display();
    let refused = |why: String| Cli::command().error(ErrorKind::InvalidValue, format!("settings file {shown}: {why}"));
    let text = std::fs::read_to_string(path).map_err(|e| refused(format!("cannot be read: {}", e.kind())))?;
    let table: Table = text.parse().map_err(|e: toml::de::Error| refused(e.message().to_owned()))?;
    let known = Cli::command();
    let known = known.find_subcommand(command).expect("the command was found");
    let mut arguments = Vec::new();
    for (key, value) in table {
        if key == CONFIG || !known.get_arguments().any(|a| a.get_id() == key.as_str() && a.get_long().is_some()) {
            return Err(refused(format!("unknown setting `{key}`")));
        }
        if matches!(given.value_source(&key), Some(ValueSource::CommandLine | ValueSource::EnvVariable)) {
            continue;
        }
        let name = key.replace('_', "-");
        match value {
            Value::Boolean(true) => arguments.push(format!("--{name}").into()),
            Value::Boolean(false) => {}
            Value::String(text) => arguments.push(format!("--{name}={text}").into()),
            Value::Integer(_) | Value::Float(_) => arguments.push(format!("--{name}={value}").into()),
            _ => return Err(refused(format!("`{key}` is neither a text, a number nor true or false"))),
        }
    }
    Ok(arguments)
}

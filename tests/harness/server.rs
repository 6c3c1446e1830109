//! Owns a real `dispatcher serve` process for one test. Tells apart "did not start", "ended early" and "never ready", and
//! prints the log in each case.

use crate::binary;
use serde_json::Value;
use simulator::client::Api;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a server may take to be ready: the generated city is made at start.
const READY_WITHIN: Duration = Duration::from_secs(150);

/// How to start it.
#[derive(Clone, Debug, Default)]
pub struct ServerOptions {
    /// `--redis`.
    pub redis: Option<String>,
    /// Leave out `--demo`.
    pub no_demo: bool,
    /// Further arguments.
    pub args: Vec<String>,
}

/// A running server and its data directory.
pub struct Server {
    child: Child,
    url: String,
    gateways: String,
    codes: HashMap<String, String>,
    data: Data,
    options: ServerOptions,
    log: PathBuf,
}

struct Data(TempDir);

impl Data {
    fn record(&self) -> PathBuf {
        self.0.path().join("record")
    }
}

/// Where the generated city is kept between tests: ordering its junctions takes a server seconds.
pub fn city_kept() -> PathBuf {
    binary("dispatcher").with_file_name("city-kept")
}

/// Lends the kept cities that are missing: the same file by another name where that can be, for nobody writes into one. What
/// fails only costs the server those seconds.
pub fn lend_city(from: &Path, to: &Path) {
    let Ok(entries) = std::fs::read_dir(from) else { return };
    let _made = std::fs::create_dir_all(to);
    for entry in entries.flatten().filter(|e| e.path().extension().is_some_and(|x| x == "graph")) {
        let there = to.join(entry.file_name());
        if !there.exists() {
            let beside = there.with_extension(format!("copy-{}", std::process::id()));
            let lent =
                std::fs::hard_link(entry.path(), &beside).or_else(|_| std::fs::copy(entry.path(), &beside).map(drop));
            let _named = lent.and_then(|()| std::fs::rename(&beside, &there));
        }
    }
}

impl Server {
    /// Starts one on a free port with a fresh data directory and waits until it is ready.
    ///
    /// # Panics
    /// When it does not become ready, with its log.
    pub async fn start(options: ServerOptions) -> Self {
        let data = Data(TempDir::new().expect("a temporary directory"));
        Self::start_in(data, options, "127.0.0.1:0").await
    }

    async fn start_in(data: Data, options: ServerOptions, listen: &str) -> Self {
        lend_city(&city_kept(), &data.record());
        let log = data.0.path().join("server.log");
        let out = data.0.path().join("server.out");
        let append = |path: &Path| {
            std::fs::OpenOptions::new().create(true).append(true).open(path).expect("the data directory is writable")
        };
        let said_before = std::fs::metadata(&out).map_or(0, |m| m.len() as usize);
        let mut command = Command::new(binary("dispatcher"));
        command.arg("serve").args(["--listen", listen, "--data"]).arg(data.record());
        if !options.no_demo {
            command.arg("--demo");
        }
        if let Some(url) = &options.redis {
            command.args(["--redis", url]);
        }
        let child = command
            .args(&options.args)
            .stdin(Stdio::null())
            .stdout(append(&out))
            .stderr(append(&log))
            .spawn()
            .expect("the dispatcher binary starts");
        let mut this =
            Self { child, url: String::new(), gateways: String::new(), codes: HashMap::new(), data, options, log };
        this.wait_until_ready(&out, said_before).await;
        lend_city(&this.data.record(), &city_kept());
        this
    }

    async fn wait_until_ready(&mut self, out: &Path, said_before: usize) {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("own child") {
                panic!("the server ended early ({status}); its log:\n{}", self.log());
            }
            let said = std::fs::read_to_string(out).unwrap_or_default();
            self.read_announcement(said.get(said_before..).unwrap_or_default());
            if !self.url.is_empty() && self.api().get("/readyz").await.is_ok() {
                return;
            }
            assert!(begun.elapsed() < READY_WITHIN, "the server was never ready; its log:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Lines of the form `word  url  [code CODE]`.
    fn read_announcement(&mut self, said: &str) {
        for line in said.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                ["listening", url, ..] => (*url).clone_into(&mut self.url),
                ["gateways", url, ..] => (*url).clone_into(&mut self.gateways),
                [who, _, "code", code, ..] => {
                    self.codes.insert((*who).to_owned(), (*code).to_owned());
                }
                _ => {}
            }
        }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its listener for gateways; empty if it has none.
    pub fn gateways(&self) -> &str {
        &self.gateways
    }

    /// The demo's one-time code of `rider`, `staff`, `staff2` or `supervisor`.
    ///
    /// # Panics
    /// When none was printed.
    pub fn code(&self, who: &str) -> &str {
        self.codes.get(who).unwrap_or_else(|| panic!("the server printed no code for {who}"))
    }

    /// An unsigned client.
    ///
    /// # Panics
    /// Never for a server that started.
    pub fn api(&self) -> Api {
        Api::new(self.url.parse().expect("the server's own address is valid"))
    }

    /// The data directory.
    pub fn data(&self) -> PathBuf {
        self.data.0.path().join("record")
    }

    /// Everything written to standard output and error so far.
    pub fn log(&self) -> String {
        let out = std::fs::read_to_string(self.log.with_file_name("server.out")).unwrap_or_default();
        out + &std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `dispatcher admin …` beside it: what it prints as JSON.
    ///
    /// # Panics
    /// When the command fails.
    pub fn admin(&self, args: &[&str]) -> Value {
        let mut command = Command::new(binary("dispatcher"));
        command.arg("admin").args(args).arg("--json").arg("--data").arg(self.data());
        let output = command.output().expect("the dispatcher binary starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "admin {} failed: {said}", args.join(" "));
        serde_json::from_slice(&output.stdout).expect("--json prints JSON")
    }

    /// A token for the code of what [`Server::admin`] made.
    ///
    /// # Panics
    /// When the code does not work.
    pub async fn token_of(&self, made: &Value) -> String {
        let session = self.api().sign_in(made["code"].as_str().expect("a code")).await.expect("a fresh code works");
        session["token"].as_str().expect("a token").to_owned()
    }

    /// `kill -9`, then a new process on the same data directory and address.
    ///
    /// # Panics
    /// When the new one does not become ready.
    #[must_use]
    pub async fn kill_and_restart(self) -> Self {
        self.kill_and_restart_after(async {}).await
    }

    /// As [`Server::kill_and_restart`], with something done while nobody holds the data directory.
    #[must_use]
    pub async fn kill_and_restart_after(mut self, meanwhile: impl Future<Output = ()>) -> Self {
        let _ = self.child.kill();
        let _ = self.child.wait();
        meanwhile.await;
        self.start_again().await
    }

    /// Waits for the end after [`Server::terminate`], which must be a good one, then a new process on the same data directory
    /// and address.
    ///
    /// # Panics
    /// When the old one does not end well, or the new one does not become ready.
    #[must_use]
    pub async fn stop_and_restart(mut self) -> Self {
        let status = self.wait().await;
        assert!(status.success(), "a drained server ends well: {status}");
        self.start_again().await
    }

    async fn start_again(mut self) -> Self {
        let listen = self.url.trim_start_matches("http://").to_owned();
        let options = self.options.clone();
        let data = self.take_data();
        Self::start_in(data, options, &listen).await
    }

    /// SIGTERM, then waits for the end.
    ///
    /// # Panics
    /// When it does not end within 40 s.
    pub async fn stop(mut self) -> ExitStatus {
        self.terminate();
        self.wait().await
    }

    async fn wait(&mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("own child") {
                return status;
            }
            assert!(begun.elapsed() < Duration::from_secs(40), "the server did not drain within 40 s");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Sends SIGTERM.
    ///
    /// # Panics
    /// When `kill` is not on this machine.
    pub fn terminate(&self) {
        let status = Command::new("kill").args(["-TERM", &self.pid().to_string()]).status().expect("kill exists");
        assert!(status.success(), "the server was gone before SIGTERM");
    }

    fn take_data(&mut self) -> Data {
        std::mem::replace(&mut self.data, Data(TempDir::new().expect("a temporary directory")))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- server log\n{}", self.log());
        }
    }
}

//! Owns a real `dispatcher gateway` process for one test, and the server with a Redis that stands behind it.

use crate::binary;
use crate::people::{Phone, eventually};
use crate::raw::call;
use crate::redis::free_port;
use crate::{Redis, Server, ServerOptions};
use serde_json::Value;
use simulator::client::Api;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The secret between the two.
pub const SECRET: &str = "marked-secret-0123456789abcdef-3K";

/// How long a gateway may take to be ready.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// How long a gateway may pass on what is reported to it before it is sure of whom it hears.
const SETTLED_WITHIN: Duration = Duration::from_secs(60);

/// A server that listens for gateways, its Redis, and where their secret is.
pub struct Behind {
    /// The engine's node.
    pub server: Server,
    /// What both write to.
    pub redis: Redis,
    secret: PathBuf,
    _dir: TempDir,
}

impl Behind {
    /// Starts both.
    ///
    /// # Panics
    /// When one does not become ready.
    pub async fn start() -> Self {
        let redis = Redis::start();
        let dir = TempDir::new().expect("a temporary directory");
        let secret = dir.path().join("secret");
        std::fs::write(&secret, format!("{SECRET}\n")).expect("written");
        // A port of its own choice would be another after a restart.
        let listen = format!("127.0.0.1:{}", free_port());
        let file = secret.to_str().expect("a path in UTF-8").to_owned();
        let args = ["--gateway-listen", &listen, "--gateway-secret-file", &file, "--log", "debug"];
        let options = ServerOptions {
            redis: Some(redis.url()),
            args: args.map(str::to_owned).to_vec(),
            ..ServerOptions::default()
        };
        Self { server: Server::start(options).await, redis, secret, _dir: dir }
    }

    /// How many places of others the engine's node has heard of and taken so far.
    pub fn heard(&self) -> u64 {
        let metrics = call(self.server.url(), "GET", "/metrics", &[], None).body;
        let count = metrics.lines().find_map(|line| line.strip_prefix("donghaeng_live_feed_entries_total "));
        count.and_then(|count| count.parse::<f64>().ok()).unwrap_or_default() as u64
    }

    /// A gateway in front of it.
    ///
    /// # Panics
    /// When it does not become ready.
    pub async fn gateway(&self) -> Gateway {
        let gateway = Gateway::spawn(self.server.gateways(), &self.secret, &self.redis.url());
        gateway.wait_until_ready().await;
        gateway
    }

    /// `kill -9` of the engine's node and a new one in its place.
    ///
    /// # Panics
    /// When the new one does not become ready.
    pub async fn restart_server(self) -> Self {
        Self { server: self.server.kill_and_restart().await, ..self }
    }
}

/// A running gateway.
pub struct Gateway {
    child: Child,
    url: String,
    dir: TempDir,
}

impl Gateway {
    /// Starts one and waits until it listens.
    ///
    /// # Panics
    /// When it does not.
    pub fn spawn(upstream: &str, secret: &Path, redis: &str) -> Self {
        Self::spawn_trusting(upstream, None, secret, redis)
    }

    /// As [`Gateway::spawn`], at a service that speaks TLS.
    ///
    /// # Panics
    /// When it does not listen.
    pub fn spawn_trusting(upstream: &str, ca: Option<&Path>, secret: &Path, redis: &str) -> Self {
        let dir = TempDir::new().expect("a temporary directory");
        let file = |name: &str| std::fs::File::create(dir.path().join(name)).expect("the directory is writable");
        let mut command = Command::new(binary("dispatcher"));
        if let Some(ca) = ca {
            command.env("DONGHAENG_UPSTREAM_CA", ca);
        }
        let child = command
            .args(["gateway", "--listen", "127.0.0.1:0", "--upstream", upstream, "--redis", redis])
            .args(["--log", "debug", "--secret-file"])
            .arg(secret)
            .stdin(Stdio::null())
            .stdout(file("out"))
            .stderr(file("log"))
            .spawn()
            .expect("the dispatcher binary starts");
        let mut this = Self { child, url: String::new(), dir };
        let begun = Instant::now();
        while this.url.is_empty() {
            if let Some(status) = this.child.try_wait().expect("own child") {
                panic!("the gateway ended early ({status}); its log:\n{}", this.log());
            }
            assert!(begun.elapsed() < READY_WITHIN, "the gateway never listened; its log:\n{}", this.log());
            std::thread::sleep(Duration::from_millis(20));
            let said = std::fs::read_to_string(this.dir.path().join("out")).unwrap_or_default();
            let url = said.lines().find_map(|line| line.strip_prefix("listening")).map(str::trim);
            url.unwrap_or_default().clone_into(&mut this.url);
        }
        this
    }

    /// Waits until it has heard from the engine's node.
    ///
    /// # Panics
    /// When it does not soon.
    pub async fn wait_until_ready(&self) {
        let begun = Instant::now();
        while self.ready()["ready"] != true || self.ready()["live"] != "redis_up" || self.ready()["heard"] != true {
            assert!(begun.elapsed() < READY_WITHIN, "never ready: {}; its log:\n{}", self.ready(), self.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// What `/readyz` says.
    pub fn ready(&self) -> Value {
        call(&self.url, "GET", "/readyz", &[], None).json()
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// An unsigned client.
    ///
    /// # Panics
    /// Never for a gateway that started.
    pub fn api(&self) -> Api {
        Api::new(self.url.parse().expect("the gateway's own address is valid"))
    }

    /// `/metrics`.
    pub fn metrics(&self) -> String {
        call(&self.url, "GET", "/metrics", &[], None).body
    }

    /// The sum of a counter's samples whose labels hold the words.
    pub fn count(&self, name: &str, words: &str) -> u64 {
        let metrics = self.metrics();
        let samples = metrics.lines().filter(|line| line.starts_with(name) && line.contains(words));
        samples.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum::<f64>() as u64
    }

    /// Fixes settled here.
    pub fn settled(&self) -> u64 {
        self.count("donghaeng_fixes_total", "")
    }

    /// The phone reports from so far east of the meeting point until the gateway settles what is reported.
    ///
    /// # Panics
    /// When it goes on passing it on.
    pub async fn settles(&self, phone: &mut Phone, metres_east: f64) {
        let before = self.settled();
        eventually("the gateway settles fixes itself", SETTLED_WITHIN, async || {
            phone.report(metres_east).await;
            // Each that is passed on is asked about, which on a busy machine takes.
            tokio::time::sleep(Duration::from_millis(300)).await;
            self.settled() > before
        })
        .await;
    }

    /// Everything written to standard output and error so far.
    pub fn log(&self) -> String {
        let read = |name: &str| std::fs::read_to_string(self.dir.path().join(name)).unwrap_or_default();
        read("out") + &read("log")
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// SIGTERM, then waits for a good end.
    ///
    /// # Panics
    /// When it does not end well within 40 s.
    pub async fn stop(mut self) {
        let status = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().expect("kill exists");
        assert!(status.success(), "the gateway was gone before SIGTERM");
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("own child") {
                assert!(status.success(), "a drained gateway ends well: {status}; its log:\n{}", self.log());
                return;
            }
            assert!(begun.elapsed() < Duration::from_secs(40), "the gateway did not drain within 40 s");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- gateway log\n{}", self.log());
        }
    }
}

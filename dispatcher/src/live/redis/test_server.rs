//! Owns real Redis and Valkey servers for one test: free loopback ports, nothing kept on disk, stopped by their own handles. What
//! is under test signs in as the user that docs/OPERATIONS.md gives, with no right more. Fails with an instruction where no server
//! binary is found.

use std::collections::BTreeMap;
use std::net::{TcpListener, TcpStream};
use std::ops::Range;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// How long a server may take to listen.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// Where ports are looked for.
const PORTS: Range<u16> = 12_000..32_000;

/// Whose server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::live) enum Make {
    /// What `scripts/redis-server.sh` finds: Redis where there is one.
    Redis,
    /// What `scripts/valkey-server.sh` finds.
    Valkey,
}

/// A running server, or the place of one.
pub(in crate::live) struct TestRedis {
    make: Make,
    child: Option<Child>,
    pub(super) port: u16,
    /// Further arguments.
    pub(super) arguments: Vec<String>,
    /// Working directory, gone with the test.
    pub(super) directory: tempfile::TempDir,
}

fn valkey() -> PathBuf {
    let named = std::env::var_os("DONGHAENG_VALKEY_SERVER").map(PathBuf::from);
    let dirs = std::env::var_os("PATH").unwrap_or_default();
    let on_path = || std::env::split_paths(&dirs).map(|d| d.join("valkey-server")).find(|p| p.exists());
    named.or_else(on_path).expect(
        "these tests start a real Valkey and found none: name a valkey-server binary in DONGHAENG_VALKEY_SERVER \
         (scripts/valkey-server.sh fetches one and prints its path)",
    )
}

/// The rights that operators are told to give, word for word from where they are told.
pub(in crate::live) fn documented_user() -> Vec<String> {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/OPERATIONS.md");
    let text = std::fs::read_to_string(page).expect("the page on operations");
    let line = text.lines().find(|line| line.starts_with("ACL SETUSER ")).expect("the line that makes the user");
    line.split_whitespace().map(str::to_owned).collect()
}

fn binary() -> PathBuf {
    let named = std::env::var_os("DONGHAENG_REDIS_SERVER").map(PathBuf::from);
    let dirs = std::env::var_os("PATH").unwrap_or_default();
    let on_path = || {
        std::env::split_paths(&dirs)
            .flat_map(|d| [d.join("redis-server"), d.join("valkey-server")])
            .find(|p| p.exists())
    };
    named.or_else(on_path).expect(
        "these tests start a real Redis and found none: install redis-server (Debian: apt-get install redis-server), \
         or name a redis-server or valkey-server binary in DONGHAENG_REDIS_SERVER",
    )
}

impl TestRedis {
    /// A port on which nothing runs yet. Below the range the system gives to clients, and starting from the process's id,
    /// so that tests running beside this one rarely try the same.
    pub(in crate::live) fn absent() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let mut ports = std::iter::repeat_with(|| {
            let n = std::process::id().wrapping_mul(31).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
            PORTS.start + (n % u32::from(PORTS.end - PORTS.start)) as u16
        });
        let port = ports.find(|&port| TcpListener::bind(("127.0.0.1", port)).is_ok()).expect("endless");
        let directory = tempfile::tempdir().expect("a temporary directory");
        Self { make: Make::Redis, child: None, port, arguments: Vec::new(), directory }
    }

    /// Running and empty.
    pub(in crate::live) fn start() -> Self {
        Self::of(Make::Redis)
    }

    /// The same, of that make.
    pub(in crate::live) fn of(make: Make) -> Self {
        Self::start_of(make, |_| Vec::new())
    }

    /// Running and empty, with further arguments that may depend on its place.
    pub(in crate::live) fn start_of(make: Make, arguments: impl Fn(&Self) -> Vec<String>) -> Self {
        loop {
            let mut this = Self::absent();
            this.make = make;
            this.arguments = arguments(&this);
            if this.try_come() {
                return this;
            }
        }
    }

    /// Starts an empty server on the port.
    pub(in crate::live) fn come(&mut self) {
        assert!(self.try_come(), "port {} was taken meanwhile", self.port);
    }

    /// False if somebody else has one of its ports.
    fn try_come(&mut self) -> bool {
        let binary = if self.make == Make::Redis { binary() } else { valkey() };
        // A file of settings comes first.
        let (files, arguments): (Vec<&String>, Vec<&String>) =
            self.arguments.iter().partition(|a| a.ends_with("sentinel.conf"));
        let child = Command::new(binary)
            .args(files)
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .args(arguments)
            .current_dir(self.directory.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server binary runs");
        let child = self.child.insert(child);
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            // It ends by itself where one of its ports was taken.
            if child.try_wait().expect("own child").is_some() {
                return false;
            }
            assert!(begun.elapsed() < READY_WITHIN, "redis did not listen on port {} in time", self.port);
            std::thread::sleep(Duration::from_millis(5));
        }
        let own = format!("process_id:{}\r\n", child.id());
        let info: String = ::redis::cmd("INFO").arg("server").query(&mut self.raw()).expect("the server answers");
        let is_own = info.contains(&own);
        // A Sentinel is asked without a name, and knows no such commands.
        if is_own && !self.arguments.iter().any(|argument| argument == "--sentinel") {
            self.make_user();
        }
        is_own
    }

    /// The user that the address names.
    fn make_user(&self) {
        let words = documented_user();
        let mut make = ::redis::cmd(&words[0]);
        make.arg(&words[1..]);
        let () = make.query(&mut self.raw()).expect("the documented line is taken");
    }

    /// `kill -9`.
    pub(in crate::live) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // Also if it is held still.
            child.kill().expect("own child");
            child.wait().expect("own child");
        }
    }

    /// Holds it still: it accepts what its backlog has room for, and says nothing.
    pub(in crate::live) fn stop(&self) {
        self.signal("-STOP");
    }

    /// Lets it go on.
    pub(in crate::live) fn go_on(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let id = self.child.as_ref().expect("it runs").id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().expect("kill runs").success());
    }

    /// For the user with the documented rights.
    pub(in crate::live) fn url(&self) -> String {
        format!("redis://donghaeng:PASSWORD@127.0.0.1:{}/", self.port)
    }

    /// With all rights.
    pub(in crate::live) fn full_url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// A connection beside the one under test.
    pub(in crate::live) fn raw(&self) -> ::redis::Connection {
        let client = ::redis::Client::open(self.full_url()).expect("a url");
        client.get_connection().expect("the server answers")
    }

    /// Everything in it, as `RESTORE` takes it back.
    pub(in crate::live) fn dump(&self) -> Vec<(String, Vec<u8>)> {
        let mut raw = self.raw();
        let keys: Vec<String> = ::redis::cmd("KEYS").arg("*").query(&mut raw).expect("keys");
        keys.into_iter()
            .map(|key| {
                let value = ::redis::cmd("DUMP").arg(&key).query(&mut raw).expect("a value");
                (key, value)
            })
            .collect()
    }

    /// Starts a server that holds this from the first moment it can be reached on the port.
    pub(in crate::live) fn come_with(&mut self, content: &[(String, Vec<u8>)]) {
        let mut filled = Self::start();
        let mut raw = filled.raw();
        for (key, value) in content {
            let () = ::redis::cmd("RESTORE").arg(key).arg(0).arg(value).query(&mut raw).expect("restored");
        }
        let listener = TcpListener::bind(("127.0.0.1", self.port)).expect("the port is still free");
        let target = filled.port;
        // A plain pipe from the awaited port to the filled server; ends with its sockets.
        std::thread::spawn(move || pipe(&listener, target));
        self.child = filled.child.take();
        std::mem::swap(&mut self.directory, &mut filled.directory);
        self.port = target;
    }

    /// Every member that has a place in some tag's hash, with the keys it is found under.
    pub(in crate::live) fn records(&self) -> BTreeMap<Vec<u8>, Vec<String>> {
        records(&mut self.raw(), "*")
    }
}

/// Every member that has a place in some tag's hash below a prefix, with the keys it is found under.
pub(in crate::live) fn records(raw: &mut ::redis::Connection, prefix: &str) -> BTreeMap<Vec<u8>, Vec<String>> {
    let keys: Vec<String> = ::redis::cmd("KEYS").arg(format!("{prefix}{{*}}")).query(raw).expect("keys");
    let mut out: BTreeMap<Vec<u8>, Vec<String>> = BTreeMap::new();
    for key in keys {
        let fields: Vec<(Vec<u8>, Vec<u8>)> = ::redis::cmd("HGETALL").arg(&key).query(raw).expect("a hash");
        for (field, value) in fields {
            let is_gone = value.first().is_some_and(|first| first & 15 == 15);
            if field.len() == 16 && !is_gone {
                out.entry(field).or_default().push(key.clone());
            }
        }
    }
    out
}

fn pipe(listener: &TcpListener, target: u16) {
    for near in listener.incoming().map_while(Result::ok) {
        let Ok(far) = TcpStream::connect(("127.0.0.1", target)) else { return };
        let (mut near_in, mut far_out) = (near.try_clone().expect("a socket"), far.try_clone().expect("a socket"));
        std::thread::spawn(move || std::io::copy(&mut near_in, &mut far_out));
        std::thread::spawn(move || std::io::copy(&mut { far }, &mut { near }));
    }
}

impl Drop for TestRedis {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What holds on both makes: each fact is a test on one of each.
macro_rules! on_both {
    ($($fact:ident),+ $(,)?) => {
        mod on_redis {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $fact() {
                super::$fact($crate::live::redis::test_server::Make::Redis).await;
            })+
        }
        mod on_valkey {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $fact() {
                super::$fact($crate::live::redis::test_server::Make::Valkey).await;
            })+
        }
    };
}
pub(super) use on_both;

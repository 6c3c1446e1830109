//! Owns a real Redis process for one test: free port, no persistence, killed by its own handle.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::ops::Range;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// How long a server may take to listen, and to answer.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// Where ports are looked for.
const PORTS: Range<u16> = 12_000..32_000;

/// A running Redis-compatible server.
pub struct Redis {
    child: Child,
    port: u16,
}

/// Where the server binary is: the environment's, or the first on the PATH.
fn server_path() -> PathBuf {
    if let Some(path) = std::env::var_os("DONGHAENG_REDIS_SERVER") {
        return path.into();
    }
    let dirs = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&dirs)
        .flat_map(|dir| [dir.join("redis-server"), dir.join("valkey-server")])
        .find(|path| path.exists())
        .expect("no redis-server or valkey-server on the PATH: `make test` installs one")
}

/// A port nobody listens on at this moment. Below the range that the system gives to clients, of which one might have it meanwhile, and
/// starting from the process's id, so that tests running beside this one rarely try the same.
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let mut ports = std::iter::repeat_with(|| {
        let n = std::process::id().wrapping_mul(31).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        PORTS.start + (n % u32::from(PORTS.end - PORTS.start)) as u16
    });
    ports.find(|&port| TcpListener::bind(("127.0.0.1", port)).is_ok()).expect("endless")
}

impl Redis {
    /// Starts one and waits until it answers.
    ///
    /// # Panics
    /// When it does not come up in time.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// As [`Redis::start`], on a given port (to come back where it was).
    ///
    /// # Panics
    /// When it does not come up in time, or somebody else has the port.
    pub fn start_on(port: u16) -> Self {
        Self::try_start(port, &[]).unwrap_or_else(|| panic!("port {port} was taken meanwhile"))
    }

    /// As [`Redis::start`], with further arguments.
    ///
    /// # Panics
    /// When it does not come up in time.
    pub fn start_with(arguments: &[&str]) -> Self {
        std::iter::repeat_with(|| Self::try_start(free_port(), arguments)).flatten().next().expect("endless")
    }

    /// Nothing if somebody else has the port: then it ends by itself.
    fn try_start(port: u16, arguments: &[&str]) -> Option<Self> {
        let child = Command::new(server_path())
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the Redis server starts");
        let mut this = Self { child, port };
        let own = format!("process_id:{}\r\n", this.child.id());
        let begun = Instant::now();
        loop {
            if this.child.try_wait().expect("own child").is_some() {
                return None;
            }
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                let info = this.ask(&[b"INFO", b"server"]).concat();
                return String::from_utf8_lossy(&info).contains(&own).then_some(this);
            }
            assert!(begun.elapsed() < READY_WITHIN, "Redis did not listen in time");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// For `--redis`.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Its port.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// One command's answer, nested arrays laid flat.
    ///
    /// # Panics
    /// When Redis does not answer, or answers an error.
    pub fn ask(&self, words: &[&[u8]]) -> Vec<Vec<u8>> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("Redis listens");
        stream.set_read_timeout(Some(READY_WITHIN)).expect("a timeout can be set");
        let mut command = format!("*{}\r\n", words.len()).into_bytes();
        for word in words {
            command.extend(format!("${}\r\n", word.len()).into_bytes());
            command.extend_from_slice(word);
            command.extend_from_slice(b"\r\n");
        }
        stream.write_all(&command).expect("Redis reads");
        let mut answer = Vec::new();
        read_answer(&mut BufReader::new(stream), &mut answer);
        answer
    }

    /// Every key with all it holds: of a hash, fields and values in turn.
    ///
    /// # Panics
    /// When Redis does not answer.
    pub fn everything(&self) -> Vec<(String, Vec<Vec<u8>>)> {
        let mut all = Vec::new();
        for key in self.ask(&[b"KEYS", b"*"]) {
            let command: &[&[u8]] = match &self.ask(&[b"TYPE", &key])[0][..] {
                b"hash" => &[b"HGETALL", &key],
                b"set" => &[b"SMEMBERS", &key],
                b"list" => &[b"LRANGE", &key, b"0", b"-1"],
                b"zset" => &[b"ZRANGE", &key, b"0", b"-1"],
                b"stream" => &[b"XRANGE", &key, b"-", b"+"],
                _ => &[b"GET", &key],
            };
            all.push((String::from_utf8_lossy(&key).into_owned(), self.ask(command)));
        }
        all
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.stop();
    }

    fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One answer of the Redis protocol, version 2.
fn read_answer(stream: &mut BufReader<TcpStream>, into: &mut Vec<Vec<u8>>) {
    let mut line = String::new();
    stream.read_line(&mut line).expect("Redis answers");
    let (kind, rest) = line.trim_end().split_at(1);
    match kind {
        "$" if rest != "-1" => {
            let mut bytes = vec![0; rest.parse::<usize>().expect("a length") + 2];
            stream.read_exact(&mut bytes).expect("Redis answers");
            bytes.truncate(bytes.len() - 2);
            into.push(bytes);
        }
        "*" => (0..rest.parse::<u32>().unwrap_or(0)).for_each(|_| read_answer(stream, into)),
        "-" => panic!("Redis refuses: {rest}"),
        _ => into.push(rest.as_bytes().to_vec()),
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.stop();
    }
}

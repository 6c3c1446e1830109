//! Owns a real Redis process for one test: free port, no persistence, killed by its own handle.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

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

/// A port nobody listens on at this moment.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.local_addr().expect("a bound socket has an address").port()
}

impl Redis {
    /// Starts one and waits until it answers.
    ///
    /// # Panics
    /// When it does not come up within 10 s.
    pub fn start() -> Self {
        Self::start_on(free_port())
    }

    /// As [`Redis::start`], on a given port (to come back where it was).
    ///
    /// # Panics
    /// When it does not come up within 10 s.
    pub fn start_on(port: u16) -> Self {
        Self::start_on_with(port, &[])
    }

    /// As [`Redis::start`], with further arguments.
    ///
    /// # Panics
    /// When it does not come up within 10 s.
    pub fn start_with(arguments: &[&str]) -> Self {
        Self::start_on_with(free_port(), arguments)
    }

    fn start_on_with(port: u16, arguments: &[&str]) -> Self {
        let child = Command::new(server_path())
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the Redis server starts");
        let this = Self { child, port };
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(10), "Redis did not listen within 10 s");
            std::thread::sleep(Duration::from_millis(20));
        }
        this
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
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout can be set");
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

//! Owns the question what Redis's processor time a fix is made of: the same fixes at one rate, written and told in several forms, each for
//! a moment in turn and all of them several times over, so that the ratios hold on a busy machine, too. Speaks to Redis with its own
//! sockets and none of the product's code but the functions it loads.

use super::seoul::somewhere;
use geo::cell::{Cell, Grid};
use harness::Redis;
use harness::figures::{SEED, note};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const FUNCTIONS: &str = include_str!("../../dispatcher/src/live/redis/scripts/live.lua");
const CROWD: u32 = 10_000;
const RATE: f64 = 5_000.0;
/// How long a form has its turn, and how many turns.
const TURN: Duration = Duration::from_millis(1_500);
const TURNS: usize = 5;

/// One way of doing it.
#[derive(Clone, Copy)]
struct Form {
    name: &'static str,
    window_ms: u64,
    function: &'static str,
    /// Connections that hear all tags, beside the writing one.
    listeners: usize,
    /// The writing connection hears them, too: an answer and what is heard go out together.
    writer_listens: bool,
    /// On a server with two threads for its sockets.
    threads: bool,
}

const AS_IT_IS: Form = Form {
    name: "as it is: 25 ms, a message a tag, two nodes hear",
    window_ms: 25,
    function: "dh1_write",
    listeners: 2,
    writer_listens: false,
    threads: false,
};

const FORMS: [Form; 12] = [
    AS_IT_IS,
    Form { name: "every 2 ms", window_ms: 2, ..AS_IT_IS },
    Form { name: "every 5 ms", window_ms: 5, ..AS_IT_IS },
    Form { name: "every 10 ms", window_ms: 10, ..AS_IT_IS },
    Form { name: "every 50 ms", window_ms: 50, ..AS_IT_IS },
    Form { name: "one node hears", listeners: 1, ..AS_IT_IS },
    Form { name: "nobody hears", listeners: 0, ..AS_IT_IS },
    Form { name: "one of the two hears on the writing connection", listeners: 1, writer_listens: true, ..AS_IT_IS },
    Form { name: "one message for all tags", function: "one_write", ..AS_IT_IS },
    Form { name: "kept and not told", function: "keep_write", ..AS_IT_IS },
    Form { name: "told and not kept", function: "tell_write", ..AS_IT_IS },
    Form { name: "two threads for the sockets", threads: true, ..AS_IT_IS },
];

pub fn table() {
    let servers = [Redis::start(), Redis::start_with(&["--io-threads", "2"])];
    for server in &servers {
        for library in libraries() {
            let answer = server.ask(&[b"FUNCTION", b"LOAD", b"REPLACE", library.as_bytes()]).concat();
            assert!(!answer.starts_with(b"-"), "{}", String::from_utf8_lossy(&answer));
        }
    }
    let mut crowd = Crowd::new();
    note(format_args!(
        "{RATE:.0} fixes/s of {CROWD} staff under {} tags, {TURNS} turns of {TURN:?} each",
        crowd.keys.len()
    ));
    let mut took = vec![Vec::new(); FORMS.len()];
    for _ in 0..TURNS {
        for (form, took) in FORMS.iter().zip(&mut took) {
            took.push(turn(&servers[usize::from(form.threads)], form, &mut crowd));
        }
    }
    let median = |took: &[f64]| {
        let mut took = took.to_vec();
        took.sort_by(f64::total_cmp);
        took[took.len() / 2]
    };
    let base = median(&took[0]);
    for (form, took) in FORMS.iter().zip(&took) {
        let us = median(took);
        note(format_args!("   {:<52}{us:>8.2} us a fix{:>8.2} x", form.name, us / base));
    }
}

/// The functions as they are, and with one thing otherwise.
fn libraries() -> Vec<String> {
    let tells = "call('SPUBLISH', key, message)";
    let keeps = "if count > 0 then call('HSET', key, unpack(kept)) end";
    let otherwise = |prefix: &str, changes: &[(&str, &str)]| {
        let mut text = FUNCTIONS.replace("dh1_", prefix).replace("donghaeng_live_1", prefix);
        for (what, by) in changes {
            assert!(text.contains(what), "{what} is in the functions");
            text = text.replacen(what, by, 1);
        }
        text
    };
    let one = [
        ("local lives = {}", "local lives, all = {}, {}"),
        (tells, "all[k] = message"),
        ("return lives", "call('SPUBLISH', 'all', table.concat(all)) return lives"),
    ];
    vec![
        FUNCTIONS.to_owned(),
        otherwise("one_", &one),
        otherwise("keep_", &[(tells, "")]),
        otherwise("tell_", &[(keeps, "")]),
    ]
}

/// Staff by tag, and the bytes of their next fixes.
struct Crowd {
    keys: Vec<String>,
    tag_of: Vec<usize>,
    seq: u32,
    dice: StdRng,
}

impl Crowd {
    fn new() -> Self {
        let mut dice = StdRng::seed_from_u64(SEED);
        let mut tags: BTreeMap<Cell, usize> = BTreeMap::new();
        let tag_of = (0..CROWD).map(|_| {
            let next = tags.len();
            *tags.entry(Cell::of(somewhere(&mut dice), Grid::Tag)).or_insert(next)
        });
        let tag_of = tag_of.collect();
        Self { keys: (0..tags.len()).map(|n| format!("dh:{{{n:06x}}}")).collect(), tag_of, seq: 0, dice }
    }

    /// The call that writes so many fixes.
    fn call(&mut self, function: &str, fixes: usize) -> Vec<u8> {
        let mut messages: BTreeMap<usize, Vec<u8>> = BTreeMap::new();
        for _ in 0..fixes {
            let who = self.dice.random_range(0..CROWD);
            self.seq += 1;
            let message = messages.entry(self.tag_of[who as usize]).or_insert_with(|| vec![1; 17]);
            message.extend_from_slice(&u128::from(who).to_be_bytes());
            message.push(0x21);
            message.extend_from_slice(&1_u32.to_be_bytes());
            message.extend_from_slice(&self.seq.to_be_bytes());
            message.extend((0..20).map(|n| n ^ self.seq as u8));
        }
        let mut words: Vec<&[u8]> = vec![b"FCALL", function.as_bytes()];
        let count = messages.len().to_string();
        words.push(count.as_bytes());
        words.extend(messages.keys().map(|&tag| self.keys[tag].as_bytes()));
        words.extend(messages.values().map(Vec::as_slice));
        command(&words)
    }
}

fn command(words: &[&[u8]]) -> Vec<u8> {
    let mut out = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        out.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        out.extend_from_slice(word);
        out.extend_from_slice(b"\r\n");
    }
    out
}

/// Redis's processor time a fix, microseconds.
fn turn(redis: &Redis, form: &Form, crowd: &mut Crowd) -> f64 {
    let hears = |socket: &mut TcpStream| {
        let mut ask = command(&[b"HELLO", b"3"]);
        for channel in crowd.keys.iter().map(String::as_str).chain(["all"]) {
            ask.extend(command(&[b"SSUBSCRIBE", channel.as_bytes()]));
        }
        socket.write_all(&ask).expect("Redis listens");
    };
    let (mut writes, mut listeners) = (open(redis), Vec::new());
    for _ in 0..form.listeners {
        let mut socket = open(redis);
        hears(&mut socket);
        listeners.push(socket);
    }
    if form.writer_listens {
        hears(&mut writes);
    }
    // All have subscribed, and the crowd is there, before it counts.
    std::thread::sleep(Duration::from_millis(100));
    let before = super::cpu_us(redis);
    let (begun, window) = (Instant::now(), Duration::from_millis(form.window_ms));
    let (mut sent, mut windows) = (0_usize, 0);
    while begun.elapsed() < TURN {
        windows += 1;
        std::thread::sleep((window * windows).saturating_sub(begun.elapsed()));
        let due = (begun.elapsed().as_secs_f64() * RATE) as usize;
        writes.write_all(&crowd.call(form.function, due - sent)).expect("Redis listens");
        sent = due;
    }
    std::thread::sleep(Duration::from_millis(50));
    let took = super::cpu_us(redis) - before;
    for socket in listeners.iter().chain([&writes]) {
        // Ends the thread that reads it.
        let _ = socket.shutdown(std::net::Shutdown::Both);
    }
    took / sent as f64
}

/// A socket of which a thread reads all that comes, to its end.
fn open(redis: &Redis) -> TcpStream {
    let socket = TcpStream::connect(("127.0.0.1", redis.port())).expect("Redis listens");
    socket.set_nodelay(true).expect("a socket");
    let mut reads = socket.try_clone().expect("a socket");
    std::thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        while reads.read(&mut buffer).is_ok_and(|n| n > 0) {}
    });
    socket
}

//! Facts about connections that say nothing, or too little, and about the drain.

use super::listen::{Limits, serve};
use axum::Router;
use axum::body::Bytes;
use axum::routing::get;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// More than the kernel takes for a peer that does not read.
const LARGE: usize = 64 * 1024 * 1024;

struct Server {
    at: std::net::SocketAddr,
    stop: CancellationToken,
    task: JoinHandle<std::io::Result<()>>,
    begun: Arc<Notify>,
    finish: Arc<Notify>,
}

async fn server(limits: Limits) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let (begun, finish) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let held = (Arc::clone(&begun), Arc::clone(&finish));
    let slow = move || {
        let (begun, finish) = held.clone();
        async move {
            begun.notify_one();
            finish.notified().await;
            "done"
        }
    };
    let router = Router::new()
        .route("/", get(|| async { "hello" }))
        .route("/slow", get(slow))
        .route("/large", get(|| async { Bytes::from(vec![b'x'; LARGE]) }));
    let task = tokio::spawn(serve(listener, None, router, limits, stop.clone()));
    Server { at, stop, task, begun, finish }
}

fn short() -> Limits {
    Limits { connections: 4, header: Duration::from_millis(100), ..Limits::default() }
}

async fn everything(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    let read = tokio::time::timeout(Duration::from_secs(60), stream.read_to_string(&mut text));
    let _ = read.await.expect("the server closes the connection");
    text
}

#[tokio::test]
async fn silent_and_half_spoken_connections_are_closed() {
    let server = server(short()).await;
    for said in ["", "GET / HTTP/1.1\r\nHost: x\r\nX-Half"] {
        let mut stream = TcpStream::connect(server.at).await.unwrap();
        stream.write_all(said.as_bytes()).await.unwrap();
        assert!(!everything(&mut stream).await.contains("200"), "{said}");
    }
}

#[tokio::test]
async fn the_cap_holds_further_connections_back_until_one_ends() {
    let server = server(Limits { connections: 1, ..short() }).await;
    let mut first = TcpStream::connect(server.at).await.unwrap();
    first.write_all(b"GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    server.begun.notified().await;
    let mut second = TcpStream::connect(server.at).await.unwrap();
    second.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    let early = tokio::time::timeout(Duration::from_millis(150), second.read_u8()).await;
    assert!(early.is_err(), "answered above the cap");
    server.finish.notify_one();
    assert!(everything(&mut first).await.ends_with("done"));
    assert!(everything(&mut second).await.ends_with("hello"));
}

#[tokio::test]
async fn a_drain_finishes_what_is_under_way_and_accepts_nothing_more() {
    let server = server(Limits { header: Duration::from_secs(5), ..short() }).await;
    let mut stream = TcpStream::connect(server.at).await.unwrap();
    stream.write_all(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    server.begun.notified().await;
    server.stop.cancel();
    server.finish.notify_one();
    assert!(everything(&mut stream).await.ends_with("done"));
    server.task.await.unwrap().unwrap();
    assert!(TcpStream::connect(server.at).await.is_err());
}

#[tokio::test]
async fn a_peer_that_does_not_read_its_answer_gives_its_connection_back() {
    let limits = Limits { connections: 1, write: Duration::from_millis(200), ..short() };
    let server = server(limits).await;
    let mut deaf = TcpStream::connect(server.at).await.unwrap();
    deaf.write_all(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut second = TcpStream::connect(server.at).await.unwrap();
    second.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    assert!(everything(&mut second).await.ends_with("hello"));
}

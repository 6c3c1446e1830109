//! Owns the sockets the server listens on: accepts, limits, optional TLS, timeouts for peers that are silent or do not read, and
//! the drain. `axum::serve` is not used: it never closes a connection that says nothing.
//!
//! Invariant: every connection holds one permit of the cap until it ends, upgraded ones too.

use crate::crowd::{Crowd, Place};
use crate::http::auth::Peer;
use crate::patience::Patient;
use crate::telemetry;
use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

/// How the listener treats its peers.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at a time; further ones wait in the kernel's queue.
    pub connections: usize,
    /// Of these, connections of one address other than loopback; further ones are closed at once. Many phones may stand behind one.
    pub per_address: usize,
    /// A request's header must be complete within this, from the accept or from the last answer.
    pub header: Duration,
    /// A TLS handshake must be complete within this.
    pub handshake: Duration,
    /// A peer must take something of what is sent within this, on upgraded connections too.
    pub write: Duration,
    /// A draining server waits this long for what is under way.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self::of(crate::config::CONNECTIONS_MAX_DEFAULT)
    }
}

impl Limits {
    /// With so many connections.
    pub fn of(connections: usize) -> Self {
        Self {
            connections,
            per_address: connections.div_ceil(PER_ADDRESS_SHARE),
            header: Duration::from_secs(5),
            handshake: Duration::from_secs(5),
            write: Duration::from_secs(20),
            drain: Duration::from_secs(30),
        }
    }
}

/// One address holds at most this fraction of the connections.
const PER_ADDRESS_SHARE: usize = 4;
/// Pause after the kernel could not accept (out of file descriptors).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What each connection task is given.
struct Serving {
    router: Router,
    limits: Limits,
}

/// Serves until `stop` is cancelled, then waits for what is under way; sockets are tracked in `tasks` and end by themselves.
pub async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
    limits: Limits,
    stop: CancellationToken,
) -> io::Result<()> {
    let permits = Arc::new(Semaphore::new(limits.connections));
    let crowd = Arc::new(Crowd::default());
    let serving = Arc::new(Serving { router, limits });
    let tasks = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &permits) => accepted,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, peer, permit)) => {
                metrics::counter!(telemetry::CONNECTIONS).increment(1);
                let Some(place) = crowd.enter(peer.ip(), limits.per_address) else {
                    metrics::counter!(telemetry::CONNECTIONS_CROWDED).increment(1);
                    continue;
                };
                let held = Held(Arc::new((permit, place)));
                tasks.spawn(connection(Arc::clone(&serving), tls.clone(), stream, peer, held, stop.clone()));
            }
            Err(error) => {
                tracing::warn!(kind = ?error.kind(), "cannot accept a connection");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    tasks.close();
    let all = Arc::clone(&permits);
    let under_way = async move {
        tasks.wait().await;
        // Upgraded connections have left their task, and still hold their permits.
        let _ = all.acquire_many(u32::try_from(limits.connections).unwrap_or(u32::MAX)).await;
    };
    if timeout(limits.drain, under_way).await.is_err() {
        tracing::warn!("connections were still open when the drain ended");
    }
    Ok(())
}

/// A connection with its permit: without a free one nothing is accepted.
async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let permit = Arc::clone(permits).acquire_owned().await.expect("the semaphore is never closed");
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, permit))
}

async fn connection(
    serving: Arc<Serving>,
    tls: Option<TlsAcceptor>,
    stream: TcpStream,
    peer: SocketAddr,
    held: Held,
    stop: CancellationToken,
) {
    // Without it a small message waits for the acknowledgement of the one before.
    let _ = stream.set_nodelay(true);
    let stream = Patient::new(stream, serving.limits.write);
    match tls {
        None => http(&serving, stream, peer, held, stop).await,
        Some(acceptor) => {
            if let Ok(Ok(stream)) = timeout(serving.limits.handshake, acceptor.accept(stream)).await {
                http(&serving, stream, peer, held, stop).await;
            }
        }
    }
}

/// One HTTP/1.1 connection, with upgrades.
async fn http<S>(serving: &Serving, stream: S, peer: SocketAddr, held: Held, stop: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let router = serving.router.clone();
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        request.extensions_mut().insert(held.clone());
        let answer = router.clone().oneshot(request.map(Body::new));
        async move { Ok::<_, Infallible>(answer.await.unwrap_or_else(|never| match never {})) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(serving.limits.header);
    let mut served = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service).with_upgrades());
    tokio::select! {
        // Peers that break off or time out are daily life.
        _ = served.as_mut() => return,
        () = stop.cancelled() => served.as_mut().graceful_shutdown(),
    }
    let _ = served.await;
}

/// Keeps the connection's permit and its address's place; a socket's task carries them on.
#[derive(Clone)]
pub struct Held(#[expect(dead_code, reason = "held for its drop")] Arc<(OwnedSemaphorePermit, Place)>);

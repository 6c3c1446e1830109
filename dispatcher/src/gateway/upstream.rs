//! Owns the way to the engine's node: connections, with TLS or without, and the headers that say who relays and for whom. Knows nothing
//! of what is sent.

use super::wire::{CLIENT_HEADER, SECRET_HEADER};
use crate::http::auth::Peer;
use crate::patience::Patient;
use anyhow::{Context, Result};
use axum::body::Body;
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, Response, Uri, header};
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as Cx, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A connection and its handshake must stand within this, each.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// The engine's node must take something of what is sent within this.
const WRITE_TIMEOUT: Duration = Duration::from_secs(20);
/// Idle connections are closed before the other side would close them under a request.
const IDLE_TIMEOUT: Duration = Duration::from_secs(3);
const IDLE_MAX: usize = 512;
/// What is said from hop to hop is not passed on.
const OF_ONE_HOP: [HeaderName; 9] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::EXPECT,
];

/// The engine's node cannot be reached, broke off, or does not know this gateway's secret.
#[derive(Clone, Copy, Debug)]
pub struct Away;

/// The engine's node, as the settings name it.
pub struct Upstream {
    client: Client<Dial, Full<Bytes>>,
    base: Uri,
    secret: HeaderValue,
}

impl Upstream {
    /// At `http://HOST:PORT`, or `https` with who may sign its certificate.
    pub fn new(base: &Uri, ca: Option<&Path>, secret: &str) -> Result<Self> {
        let tls = match (base.scheme_str(), ca) {
            (Some("https"), Some(ca)) => Some(trusting(ca)?),
            _ => None,
        };
        let mut secret =
            HeaderValue::from_str(secret).context("the secret holds characters that no header can carry")?;
        secret.set_sensitive(true);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(IDLE_MAX)
            .build(Dial { tls });
        Ok(Self { client, base: base.clone(), secret })
    }

    /// Sends a request on; `peer` is whom it is from, nobody if it is the gateway's own.
    pub async fn send(
        &self,
        mut request: Request<Full<Bytes>>,
        peer: Option<Peer>,
    ) -> Result<Response<Incoming>, Away> {
        let mut parts = self.base.clone().into_parts();
        parts.path_and_query = Some(request.uri().path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/")));
        if let Ok(uri) = Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
        let headers = request.headers_mut();
        headers.insert(SECRET_HEADER, self.secret.clone());
        headers.remove(CLIENT_HEADER);
        if let Some(text) = peer.and_then(|Peer(at)| HeaderValue::from_str(&at.ip().to_canonical().to_string()).ok()) {
            headers.insert(CLIENT_HEADER, text);
        }
        let answer = self.client.request(request).await.map_err(|_| Away)?;
        // It does not know this gateway's secret: that is between the two, and no answer to a phone.
        if answer.headers().contains_key(SECRET_HEADER) {
            return Err(Away);
        }
        Ok(answer)
    }

    /// Asks something of the gateway's own.
    pub async fn ask(&self, path: &'static str, body: Vec<u8>) -> Result<Response<Incoming>, Away> {
        let mut request = Request::new(Full::new(Bytes::from(body)));
        *request.method_mut() = hyper::Method::POST;
        *request.uri_mut() = Uri::from_static(path);
        request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self.send(request, None).await
    }
}

/// Takes out what is said from hop to hop, and what the `Connection` header names beside.
pub fn of_one_hop(headers: &mut HeaderMap) {
    let named = headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let named: Vec<HeaderName> = named.flat_map(|list| list.split(',')).filter_map(|n| n.trim().parse().ok()).collect();
    for name in named.iter().chain(&OF_ONE_HOP) {
        headers.remove(name);
    }
}

/// The answer as it is passed on, its body as it comes.
pub fn passed_on(answer: Response<Incoming>) -> Response<Body> {
    let (mut parts, body) = answer.into_parts();
    of_one_hop(&mut parts.headers);
    let mut response = Response::new(Body::new(body));
    *response.status_mut() = parts.status;
    *response.headers_mut() = parts.headers;
    response
}

/// TLS that takes for true what these sign.
pub fn trusting(ca: &Path) -> Result<TlsConnector> {
    let mut roots = rustls::RootCertStore::empty();
    let read = || format!("cannot read {}", ca.display());
    for certificate in CertificateDer::pem_file_iter(ca).with_context(read)? {
        roots.add(certificate.with_context(read)?).with_context(read)?;
    }
    anyhow::ensure!(!roots.is_empty(), "there is no certificate in {}", ca.display());
    let mut tls = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(tls)))
}

/// Opens connections.
#[derive(Clone)]
struct Dial {
    tls: Option<TlsConnector>,
}

impl tower::Service<Uri> for Dial {
    type Response = TokioIo<Pipe>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<TokioIo<Pipe>>> + Send>>;

    fn poll_ready(&mut self, _: &mut Cx<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let tls = self.tls.clone();
        Box::pin(async move { dial(tls, &to).await.map(TokioIo::new) })
    }
}

async fn dial(tls: Option<TlsConnector>, to: &Uri) -> io::Result<Pipe> {
    let host = to.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = to.port_u16().unwrap_or(if tls.is_some() { 443 } else { 80 });
    let stream = timeout(CONNECT_TIMEOUT, TcpStream::connect((host.as_str(), port))).await??;
    let _ = stream.set_nodelay(true);
    let stream = Patient::new(stream, WRITE_TIMEOUT);
    let Some(tls) = tls else { return Ok(Pipe::Plain(stream)) };
    let name = ServerName::try_from(host).map_err(|_| io::ErrorKind::InvalidInput)?;
    let stream = timeout(CONNECT_TIMEOUT, tls.connect(name, stream)).await??;
    Ok(Pipe::Tls(Box::new(stream)))
}

/// A connection of either kind.
enum Pipe {
    Plain(Patient<TcpStream>),
    Tls(Box<TlsStream<Patient<TcpStream>>>),
}

impl Connection for Pipe {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl AsyncRead for Pipe {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Cx<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Cx<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Cx<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Cx<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

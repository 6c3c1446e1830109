//! Owns TLS: reading a certificate for the listener, and making a self-signed one for development (`dev-cert`). In production a
//! proxy may end TLS instead.

use anyhow::{Context, Result, bail};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

/// For the listener; `None` without a certificate.
pub fn acceptor(cert: Option<&Path>, key: Option<&Path>) -> Result<Option<TlsAcceptor>> {
    let (Some(cert), Some(key)) = (cert, key) else { return Ok(None) };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(cert)
        .and_then(Iterator::collect)
        .with_context(|| format!("cannot read the certificate {}", cert.display()))?;
    if chain.is_empty() {
        bail!("there is no certificate in {}", cert.display());
    }
    let key = PrivateKeyDer::from_pem_file(key).with_context(|| format!("cannot read the key {}", key.display()))?;
    let mut tls = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .context("certificate and key do not belong together")?;
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Some(TlsAcceptor::from(Arc::new(tls))))
}

/// Writes `cert.pem` and `key.pem` for these names; refuses to overwrite unless forced.
pub fn dev_cert(dir: &Path, names: &[String], force: bool) -> Result<(PathBuf, PathBuf)> {
    std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    let (cert_path, key_path) = (dir.join("cert.pem"), dir.join("key.pem"));
    for path in [&cert_path, &key_path] {
        if path.exists() && !force {
            bail!("{} exists; use --force to replace it", path.display());
        }
    }
    let made = rcgen::generate_simple_self_signed(names.to_vec()).context("a host name is not valid")?;
    write(&cert_path, &made.cert.pem(), 0o644)?;
    // Created anew, so that an old file's wider rights do not stay.
    if force && key_path.exists() {
        std::fs::remove_file(&key_path).with_context(|| format!("cannot replace {}", key_path.display()))?;
    }
    write(&key_path, &made.signing_key.serialize_pem(), 0o600)?;
    Ok((cert_path, key_path))
}

fn write(path: &Path, text: &str, mode: u32) -> Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(mode)
        .open(path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    file.write_all(text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))
}

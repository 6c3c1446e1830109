//! Owns the forms of `--redis`: one server, Sentinel or Cluster, with or without TLS. Decides in one place what a URL means, and
//! how it is shown. Connects to nothing.
//!
//! | URL | |
//! |---|---|
//! | `redis://[user:password@]host:port[/db]`, `unix:///path` | one server |
//! | `redis+sentinel://[user:password@]h1:p1,h2:p2/name[/db]` | the master that these Sentinels name |
//! | `redis+cluster://[user:password@]h1:p1,h2:p2` | a Cluster, found through any of these |
//!
//! `rediss` in place of `redis` is TLS, to Sentinels too.

use ::redis::{
    Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, ProtocolVersion, RedisConnectionInfo, RedisResult,
    TlsCertificates,
};

/// Servers named in one URL.
const HOSTS_MAX: usize = 64;
const LOOKS: &str = "is not valid; it looks like redis://host:6379/0, redis+sentinel://h1:26379,h2:26379/name, redis+cluster://h1:6379,h2:6379 or unix:///path/to/socket, with any of , : / ? # @ in a password as %XX";

/// Where Redis is.
#[derive(Clone)]
pub struct Address {
    pub(super) form: Form,
    settings: RedisConnectionInfo,
    is_tls: bool,
    /// PEM of who may sign Redis's certificate; `None`: whom this machine trusts.
    ca: Option<Vec<u8>>,
}

/// What stands there.
#[derive(Clone)]
pub(super) enum Form {
    /// One server.
    Single(ConnectionAddr),
    /// The master of this name, whom these know.
    Sentinel { sentinels: Vec<ConnectionAddr>, master: String },
    /// Slots spread over primaries.
    Cluster { seeds: Vec<ConnectionAddr> },
}

impl Address {
    /// From a URL; what is wrong with it, without what it holds.
    pub fn parse(url: &str) -> Result<Self, &'static str> {
        let (scheme, rest) = url.split_once("://").ok_or(LOOKS)?;
        let is_tls = scheme.starts_with("rediss");
        if url.contains('#') {
            return Err("must hold no #: the certificate is always checked, and in a password it is %23");
        }
        let plain = if is_tls { "rediss" } else { "redis" };
        let (form, settings) = match scheme {
            "redis" | "rediss" | "unix" => {
                let info = info(url)?;
                (Form::Single(info.addr().clone()), info.redis_settings().clone())
            }
            "redis+cluster" | "rediss+cluster" => {
                let (hosts, settings, path) = several(plain, rest)?;
                if !path.trim_matches('/').is_empty() {
                    return Err("must end after the hosts: a Cluster has no databases");
                }
                (Form::Cluster { seeds: hosts }, settings)
            }
            "redis+sentinel" | "rediss+sentinel" => {
                let (sentinels, settings, path) = several(plain, rest)?;
                let mut parts = path.trim_start_matches('/').split('/');
                let master = parts.next().filter(|name| !name.is_empty()).map(str::to_owned);
                let master = master.ok_or("lacks the master's name: redis+sentinel://h1:26379,h2:26379/name")?;
                let db = parts.next().map_or(Ok(0), |db| db.parse().map_err(|_| LOOKS))?;
                (Form::Sentinel { sentinels, master }, settings.set_db(db))
            }
            _ => return Err("must begin with redis://, rediss://, redis+sentinel://, redis+cluster:// or unix://"),
        };
        let settings = spoken(settings);
        Ok(Self { form, settings, is_tls, ca: None })
    }

    /// Takes certificates for true that these sign (PEM), and no others.
    #[must_use]
    pub fn trusting(mut self, ca: Option<Vec<u8>>) -> Self {
        self.ca = ca;
        self
    }

    /// Whether it is spoken to by TLS.
    pub const fn is_tls(&self) -> bool {
        self.is_tls
    }

    /// The number of the database. Channels know no databases: keys and channels of others than the first carry it.
    pub(super) fn db(&self) -> i64 {
        self.settings.db()
    }

    /// For people: put together from what was understood, so that no password is left in it wherever it stood.
    pub fn shown(&self) -> String {
        let has_secret = self.settings.username().or(self.settings.password()).is_some();
        let (secret, s) = (if has_secret { "***@" } else { "" }, if self.is_tls { "s" } else { "" });
        let list = |hosts: &[ConnectionAddr]| hosts.iter().map(words).collect::<Vec<_>>().join(",");
        let db = self.settings.db();
        match &self.form {
            Form::Single(ConnectionAddr::Unix(path)) => format!("unix://{secret}{}?db={db}", path.display()),
            Form::Single(host) => format!("redis{s}://{secret}{}/{db}", words(host)),
            Form::Sentinel { sentinels, master } => {
                format!("redis{s}+sentinel://{secret}{}/{master}/{db}", list(sentinels))
            }
            Form::Cluster { seeds } => format!("redis{s}+cluster://{secret}{}", list(seeds)),
        }
    }

    /// A client for a server of this kind; a Sentinel is asked without the credentials, which are Redis's.
    pub(super) fn client(&self, at: ConnectionAddr, is_sentinel: bool) -> RedisResult<Client> {
        let settings = if is_sentinel { spoken(RedisConnectionInfo::default()) } else { self.settings.clone() };
        let info: ConnectionInfo = at.into_connection_info()?.set_redis_settings(settings);
        if self.is_tls {
            Client::build_with_tls(info, TlsCertificates { client_tls: None, root_cert: self.ca.clone() })
        } else {
            Client::open(info)
        }
    }

    /// The address of another server of the same service.
    pub(super) fn beside(&self, host: String, port: u16) -> ConnectionAddr {
        if self.is_tls {
            ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None }
        } else {
            ConnectionAddr::Tcp(host, port)
        }
    }
}

/// Pushed messages beside answers need the third version of the protocol. The name of a library is told to nobody: newer servers ask for a
/// right to hear it, and log its refusal.
fn spoken(settings: RedisConnectionInfo) -> RedisConnectionInfo {
    settings.set_protocol(ProtocolVersion::RESP3).set_skip_set_lib_name()
}

/// A host and its port as they stand in a URL.
fn words(at: &ConnectionAddr) -> String {
    match at {
        ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } if host.contains(':') => {
            format!("[{host}]:{port}")
        }
        other => other.to_string(),
    }
}

fn info(url: &str) -> Result<ConnectionInfo, &'static str> {
    url.into_connection_info().map_err(|_| LOOKS)
}

/// Hosts with common credentials, and what follows them.
fn several(scheme: &str, rest: &str) -> Result<(Vec<ConnectionAddr>, RedisConnectionInfo, String), &'static str> {
    let (authority, path) = rest.split_once('/').map_or((rest, ""), |(authority, path)| (authority, path));
    let (secret, hosts) = authority.rsplit_once('@').map_or((None, authority), |(secret, hosts)| (Some(secret), hosts));
    if path.contains('?') || hosts.contains('?') || hosts.split(',').count() > HOSTS_MAX {
        return Err(LOOKS);
    }
    let mut addresses = Vec::new();
    let mut settings = None;
    for host in hosts.split(',') {
        let secret = secret.map_or_else(String::new, |secret| format!("{secret}@"));
        let info = info(&format!("{scheme}://{secret}{host}"))?;
        settings = Some(info.redis_settings().clone());
        addresses.push(info.addr().clone());
    }
    Ok((addresses, settings.ok_or(LOOKS)?, path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_understood_and_shown_without_its_password() {
        for (url, shown) in [
            ("redis://h:1/2", "redis://h:1/2"),
            ("rediss://u:secret@h:1", "rediss://***@h:1/0"),
            ("redis+cluster://h1:1,h2:2", "redis+cluster://h1:1,h2:2"),
            ("rediss+cluster://u:secret@h1:1,[::1]:2/", "rediss+cluster://***@h1:1,[::1]:2"),
            ("redis+sentinel://h1:1,h2:2/main", "redis+sentinel://h1:1,h2:2/main/0"),
            ("rediss+sentinel://:secret%40,@h1:1/main/3", "rediss+sentinel://***@h1:1/main/3"),
            ("unix:///run/r.sock?db=1&pass=secret", "unix://***@/run/r.sock?db=1"),
        ] {
            let address = Address::parse(url).unwrap_or_else(|wrong| panic!("{url}: {wrong}"));
            assert_eq!(address.shown(), shown, "{url}");
            assert_eq!(address.is_tls(), url.starts_with("rediss"), "{url}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_without_what_it_holds() {
        for (url, said) in [
            ("http://h:secret", "begin with redis://"),
            ("secret", "looks like redis://"),
            ("redis+cluster://h1:1/1", "no databases"),
            ("redis+sentinel://h1:1", "master's name"),
            ("redis+sentinel://h1:1/main/secret", "looks like"),
            ("redis+cluster://h1:secret", "looks like"),
            ("redis+cluster://h1:1,", "looks like"),
            ("rediss://h:1/#insecure", "always checked"),
        ] {
            let wrong = Address::parse(url).err().unwrap_or_else(|| panic!("{url} was taken"));
            assert!(wrong.contains(said) && !wrong.contains("secret"), "{url}: {wrong}");
        }
    }
}

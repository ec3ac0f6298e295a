//! How a connection is encrypted. `tokio-postgres` reads fewer `sslmode`s than `libpq` and has no
//! certificates, so those parameters are taken out of the URL and seen to here.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::{Error, Result};

/// A database's URL, read.
pub(crate) struct Target {
    pub(crate) config: Config,
    /// None for a connection in the clear.
    pub(crate) tls: Option<MakeRustlsConnect>,
}

/// Reads a URL or a list of `key=value`. Certificates are always checked, which is more than
/// `sslmode=require` asks for: a token must not go to whoever answers.
pub(crate) fn target(url: &str) -> Result<Target> {
    let (url, parameters) = take_parameters(url);
    let mut config: Config = url.parse().map_err(|error| {
        Error::hint(
            format!("this is not the URL of a database: {}", crate::error::chain(&error)),
            "write `postgres://user:password@host/database`",
        )
    })?;
    let find = |name: &str| {
        parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    };
    let mode = match find("sslmode") {
        None => None,
        Some("disable") => Some(SslMode::Disable),
        Some("allow" | "prefer") => Some(SslMode::Prefer),
        Some("require" | "verify-ca" | "verify-full") => Some(SslMode::Require),
        Some(other) => {
            return Err(Error::hint(
                format!("`sslmode={other}` is not known"),
                "it is disable, prefer, require, verify-ca or verify-full",
            ));
        }
    };
    for parameter in ["service", "passfile", "sslcert", "sslkey"] {
        if find(parameter).is_some() {
            return Err(Error::hint(
                format!("`{parameter}` in the URL is not supported"),
                "write host, user and password out",
            ));
        }
    }
    // A server on this machine often has a certificate that nobody signed, and needs none.
    let mode = mode.unwrap_or(if is_local(&config) { SslMode::Disable } else { SslMode::Prefer });
    config.ssl_mode(mode);
    let tls = match mode {
        SslMode::Disable => None,
        _ => Some(connector(
            find("sslrootcert").filter(|path| *path != "system").map(PathBuf::from),
        )?),
    };
    Ok(Target { config, tls })
}

fn is_local(config: &Config) -> bool {
    config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => ["localhost", "127.0.0.1", "::1"].contains(&name.as_str()),
        #[cfg(unix)]
        Host::Unix(_) => true,
    })
}

const TAKEN: [&str; 6] = ["sslmode", "sslrootcert", "service", "passfile", "sslcert", "sslkey"];

/// Takes the parameters that `tokio-postgres` cannot read out of a URL or a list.
fn take_parameters(url: &str) -> (String, Vec<(String, String)>) {
    let mut taken = Vec::new();
    let mut keep = |pair: &&str| match pair.split_once('=') {
        Some((key, value)) if TAKEN.contains(&key.trim()) => {
            taken.push((key.trim().to_owned(), value.trim().to_owned()));
            false
        }
        _ => true,
    };
    let url = match url.split_once('?') {
        Some((base, query)) if url.contains("://") => {
            let query: Vec<_> = query.split('&').filter(&mut keep).collect();
            if query.is_empty() { base.to_owned() } else { format!("{base}?{}", query.join("&")) }
        }
        None if url.contains("://") => url.to_owned(),
        _ => url.split_whitespace().filter(&mut keep).collect::<Vec<_>>().join(" "),
    };
    (url, taken)
}

fn connector(root_certificate: Option<PathBuf>) -> Result<MakeRustlsConnect> {
    let mut roots = RootCertStore::empty();
    match root_certificate {
        Some(path) => {
            let unreadable = |error: &dyn std::fmt::Display| {
                Error::user(format!("cannot read the certificates in {}: {error}", path.display()))
            };
            let certificates =
                CertificateDer::pem_file_iter(&path).map_err(|error| unreadable(&error))?;
            for certificate in certificates {
                let certificate = certificate.map_err(|error| unreadable(&error))?;
                roots.add(certificate).map_err(|error| unreadable(&error))?;
            }
        }
        None => {
            let found = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(found.certs);
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Internal(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

#[cfg(test)]
mod tests {
    use super::{take_parameters, target};
    use tokio_postgres::config::SslMode;

    #[test]
    fn libpq_parameters_are_understood() {
        let (url, taken) =
            take_parameters("postgres://u@h/d?sslmode=verify-full&application_name=x");
        assert_eq!(url, "postgres://u@h/d?application_name=x");
        assert_eq!(taken, [("sslmode".to_owned(), "verify-full".to_owned())]);
        let mode = |url: &str| target(url).map(|target| target.config.get_ssl_mode()).ok();
        assert_eq!(mode("postgres://u@h/d?sslmode=verify-full"), Some(SslMode::Require));
        assert_eq!(mode("postgres://u@db.example/d"), Some(SslMode::Prefer));
        assert_eq!(mode("postgres://u@localhost/d"), Some(SslMode::Disable));
        assert_eq!(mode("host=/run/x user=u dbname=d"), Some(SslMode::Disable));
        assert_eq!(mode("host=h user=u sslmode=require"), Some(SslMode::Require));
        assert!(target("postgres://u@h/d?sslmode=maybe").is_err());
        assert!(target("postgres://u@h/d?service=x").is_err());
    }
}

//! Makes the HTTP client of one integration under one config: TLS, proxy, pool.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use orchid_engine::fault::{Fault, Kind};
use orchid_engine::ports::HttpSettings;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use url::{Host, Url};

use crate::address::Egress;
use crate::resolver::Guard;

/// Header bytes of one HTTP/2 response. (HTTP/1: 100 headers, about 400 KiB, fixed by hyper.)
const MAX_HEADER_LIST: u32 = 256 * 1024;
/// A connection that idles longer is closed: most servers close theirs a little later, after 60 s.
const POOL_IDLE: Duration = Duration::from_secs(50);

/// A client that follows no redirects, decodes nothing, retries nothing and keeps no cookies.
pub(crate) fn build(
    egress: &Arc<Egress>,
    guard: Guard,
    settings: &HttpSettings,
    connect_timeout: Duration,
) -> Result<reqwest::Client, Fault> {
    let user_agent = settings
        .user_agent
        .as_deref()
        .unwrap_or(concat!("orchid/", env!("CARGO_PKG_VERSION")));
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls(settings)?)
        .dns_resolver(guard)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(connect_timeout)
        .pool_idle_timeout(POOL_IDLE)
        .http2_max_header_list_size(MAX_HEADER_LIST)
        .user_agent(user_agent)
        .no_proxy();
    if let Some(url) = &settings.proxy {
        builder = builder.proxy(proxy(egress, url)?);
    }
    builder.build().map_err(|error| {
        let text = error.without_url().to_string();
        Fault::new(
            Kind::Definition,
            format!("`http`: the client cannot be made with these settings: {text}"),
        )
    })
}

/// Proxy of all requests. It is contacted by Orchid itself, so the egress rules hold for its address.
fn proxy(egress: &Egress, url: &Url) -> Result<reqwest::Proxy, Fault> {
    let definition = |message: String| Fault::new(Kind::Definition, format!("`http.proxy`: {message}"));
    if !matches!(url.scheme(), "http" | "https") {
        return Err(definition(format!(
            "a proxy is an http or https URL, not `{}:`",
            url.scheme()
        )));
    }
    let literal = match url.host() {
        Some(Host::Ipv4(address)) => Some(address.into()),
        Some(Host::Ipv6(address)) => Some(address.into()),
        Some(Host::Domain(_)) | None => None,
    };
    if let Some(address) = literal {
        egress
            .check(address)
            .map_err(|refusal| Fault::new(Kind::Address, format!("`http.proxy`: {refusal}")))?;
    }
    reqwest::Proxy::all(url.clone()).map_err(|error| definition(error.without_url().to_string()))
}

fn tls(settings: &HttpSettings) -> Result<ClientConfig, Fault> {
    let mut roots = RootCertStore::clone(&ROOTS);
    if let Some(pem) = &settings.ca {
        let certificates = certificates(pem, "http.ca")?;
        for certificate in certificates {
            roots
                .add(certificate)
                .map_err(|error| definition("http.ca", &error.to_string()))?;
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Fault::new(Kind::Internal, format!("TLS cannot be set up: {error}")))?
        .with_root_certificates(roots);
    let mut config = match &settings.client_identity {
        None => builder.with_no_client_auth(),
        Some(pem) => {
            let chain = certificates(pem, "http.client_cert")?;
            // The text is a secret: the parser's own words, which may quote it, are not repeated.
            let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| {
                definition(
                    "http.client_key",
                    "this is no private key in PEM (PKCS #8, PKCS #1 or SEC 1)",
                )
            })?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|error| definition("http.client_cert", &error.to_string()))?
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn certificates(pem: &str, field: &str) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let found: Vec<_> = CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|_| definition(field, "this is not valid PEM"))?;
    if found.is_empty() {
        return Err(definition(
            field,
            "there is no certificate in this PEM (`-----BEGIN CERTIFICATE-----`)",
        ));
    }
    Ok(found)
}

fn definition(field: &str, message: &str) -> Fault {
    Fault::new(Kind::Definition, format!("`{field}`: {message}"))
}

/// The system's certificate authorities; Mozilla's where the system has none (a container without them).
static ROOTS: LazyLock<RootCertStore> = LazyLock::new(|| {
    let mut roots = RootCertStore::empty();
    let native = rustls_native_certs::load_native_certs();
    for error in &native.errors {
        tracing::warn!(%error, "some of the system's certificate authorities cannot be read");
    }
    roots.add_parsable_certificates(native.certs);
    if roots.is_empty() {
        tracing::warn!("the system has no certificate authorities: using the built-in list of Mozilla");
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    roots
});

//! TLS: whom it trusts, and what it says when it does not.

use std::net::SocketAddr;
use std::sync::Arc;

use orchid_engine::ports::{Fetch, HttpSettings};
use orchid_outbound::address::Egress;
use orchid_outbound::fetch::Outbound;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::server::{answer, play, read_request};
use crate::{get, outbound, outcome, shown};

/// An authority of the tests' own.
struct Authority(CertifiedIssuer<'static, KeyPair>);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Clients {
    Anybody,
    WithCertificate,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("an authority"))
    }

    fn certificate(&self, names: &[&str], until: i32) -> (rcgen::Certificate, KeyPair) {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(names).expect("names");
        params.not_after = date_time_ymd(until, 1, 1);
        let key = KeyPair::generate().expect("a key");
        (params.signed_by(&key, &self.0).expect("a certificate"), key)
    }

    fn settings(&self) -> HttpSettings {
        HttpSettings {
            ca: Some(self.0.pem()),
            ..HttpSettings::default()
        }
    }

    /// Serves `secure` over TLS, under a certificate for `names` that is valid until that year.
    async fn serve(&self, names: &[&str], until: i32, clients: Clients) -> SocketAddr {
        let (certificate, key) = self.certificate(names, until);
        let chain = vec![CertificateDer::from(certificate.der().to_vec())];
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from(self.0.der().to_vec()))
            .expect("an authority");
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .expect("a verifier");
        let builder = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions");
        let builder = match clients {
            Clients::Anybody => builder.with_no_client_auth(),
            Clients::WithCertificate => builder.with_client_cert_verifier(verifier),
        };
        let acceptor = TlsAcceptor::from(Arc::new(
            builder.with_single_cert(chain, key).expect("a key that fits"),
        ));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    while read_request(&mut stream).await.is_some() {
                        for act in answer("200 OK", &[], "secure") {
                            play(&mut stream, act).await;
                        }
                    }
                });
            }
        });
        address
    }
}

#[tokio::test]
async fn certificates() {
    let (own, other) = (Authority::new("own"), Authority::new("other"));
    let trusting = Outbound::new(Egress::local(), &own.settings()).expect("a client");
    let good = own
        .serve(&["localhost", "127.0.0.1"], 2999, Clients::Anybody)
        .await;
    let unknown = other.serve(&["localhost"], 2999, Clients::Anybody).await;
    let misnamed = own.serve(&["other.example"], 2999, Clients::Anybody).await;
    let expired = own.serve(&["localhost"], 2001, Clients::Anybody).await;
    let untrusted = "tls: https://HERE: TLS failed: the server's certificate is signed by an authority that is not trusted here (`http.ca` can name it)";
    for (outbound, host, address, expected) in [
        (&trusting, "localhost", good, "200 `secure`"),
        (&trusting, "127.0.0.1", good, "200 `secure`"),
        (&outbound(), "localhost", good, untrusted),
        (&trusting, "localhost", unknown, untrusted),
        (
            &trusting,
            "localhost",
            misnamed,
            "tls: https://HERE: TLS failed: the server's certificate is for another name",
        ),
        (
            &trusting,
            "localhost",
            expired,
            "tls: https://HERE: TLS failed: the server's certificate has expired",
        ),
    ] {
        let request = get(&format!("https://{host}:{}/?token=s3cret", address.port()));
        assert_eq!(outcome(outbound, &request).await, expected);
    }
}

#[tokio::test]
async fn client_certificates() {
    let authority = Authority::new("own");
    let strict = authority
        .serve(&["localhost"], 2999, Clients::WithCertificate)
        .await;
    let (certificate, key) = authority.certificate(&["client.example"], 2999);
    let mut settings = authority.settings();
    let request = get(&format!("https://localhost:{}/", strict.port()));

    let without = Outbound::new(Egress::local(), &settings).expect("a client");
    let found = shown(&without.fetch(&request).await);
    assert!(
        found.starts_with("tls: ") && found.contains("it may want a client certificate"),
        "{found}"
    );

    settings.client_identity = Some(certificate.pem() + &key.serialize_pem());
    let with = Outbound::new(Egress::local(), &settings).expect("a client");
    assert_eq!(shown(&with.fetch(&request).await), "200 `secure`");
}

#[tokio::test]
async fn a_server_without_tls() {
    let talking = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = talking.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = talking.accept().await {
            play(
                &mut stream,
                crate::server::send("HTTP/1.1 400 Bad Request\r\n\r\n"),
            )
            .await;
            play(&mut stream, crate::server::Act::Hang).await;
        }
    });
    let found = outcome(&outbound(), &get(&format!("https://{address}/"))).await;
    assert_eq!(
        found,
        "tls: https://HERE: TLS failed: the server does not speak TLS on this port (is the URL's scheme http?)"
    );
}

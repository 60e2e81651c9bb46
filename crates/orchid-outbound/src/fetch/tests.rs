//! Names that lead to refused addresses, with a table in place of DNS.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;

use orchid_engine::ports::Header;
use url::Url;

use super::*;

fn table(entries: &[(&str, &[&str])]) -> Lookup {
    let names: HashMap<String, Vec<IpAddr>> = entries
        .iter()
        .map(|(name, found)| {
            (
                (*name).to_owned(),
                found
                    .iter()
                    .map(|text| text.parse().expect("an address"))
                    .collect(),
            )
        })
        .collect();
    Arc::new(move |name| {
        let found = names.get(&name).cloned();
        Box::pin(async move { found.ok_or_else(|| io::Error::other("no such name")) })
    })
}

fn get(url: &str) -> Outgoing {
    let mut request = Outgoing::new("GET", Url::parse(url).expect("a URL in a test"));
    request.headers.push(Header {
        name: "Authorization".into(),
        value: "Bearer s3cret".into(),
        secret: true,
    });
    request
}

#[tokio::test]
async fn names_are_judged_by_what_they_resolve_to() {
    let names: &[(&str, &[&str])] = &[
        ("inside.test", &["10.0.0.5"]),
        ("both.test", &["10.0.0.5", "192.168.3.4"]),
        ("metadata.test", &["169.254.169.254"]),
        ("mapped.test", &["::ffff:169.254.169.254"]),
        ("empty.test", &[]),
    ];
    let cases = [
        (
            "http://inside.test/",
            "address: http://inside.test: the name inside.test leads to an address that is refused: 10.0.0.5 is a private address: the operator of this service has to allow it (ORCHID_EGRESS_ALLOW)",
        ),
        (
            "http://both.test/",
            "address: http://both.test: the name both.test leads to an address that is refused: 192.168.3.4 is a private address: the operator of this service has to allow it (ORCHID_EGRESS_ALLOW)",
        ),
        (
            "https://metadata.test/latest?token=s3cret",
            "address: https://metadata.test: the name metadata.test leads to an address that is refused: 169.254.169.254 is a cloud metadata address: such addresses are never contacted",
        ),
        (
            "http://mapped.test/",
            "address: http://mapped.test: the name mapped.test leads to an address that is refused: ::ffff:169.254.169.254 is a cloud metadata address: such addresses are never contacted",
        ),
        (
            "http://empty.test/",
            "dns: http://empty.test: the name empty.test has no address",
        ),
        (
            "http://missing.test:8080/",
            "dns: http://missing.test:8080: the name missing.test does not resolve (no such name)",
        ),
    ];
    let outbound = Outbound::build(
        Egress::public(),
        &HttpSettings::default(),
        Patience::default(),
        table(names),
    )
    .expect("a client");
    for (url, expected) in cases {
        let fault = outbound.fetch(&get(url)).await.expect_err("refused");
        assert_eq!(fault.to_string(), expected, "{url}");
    }
}

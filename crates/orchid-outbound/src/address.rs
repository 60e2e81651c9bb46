//! Which addresses may be contacted.
//!
//! Link-local and cloud metadata addresses never, private and loopback ones only where the operator allows. An IPv6
//! address that carries an IPv4 address (mapped, NAT64, 6to4, Teredo) is judged by both.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use orchid_engine::fault::{Fault, Kind};
use url::{Host, Url};

/// What the operator allows besides public addresses.
#[derive(Debug, Clone, Default)]
pub struct Egress {
    allowed: Allowed,
}

#[derive(Debug, Clone)]
enum Allowed {
    Networks(Vec<IpNet>),
    Local,
}

impl Default for Allowed {
    fn default() -> Self {
        Self::Networks(Vec::new())
    }
}

impl Egress {
    /// Public addresses only: what a shared service starts with.
    pub fn public() -> Self {
        Self::default()
    }

    /// Private and loopback addresses too: for one's own machine.
    pub fn local() -> Self {
        Self {
            allowed: Allowed::Local,
        }
    }

    /// Public addresses and these networks, as `10.0.0.0/8` or a single address. The error names the entry that is
    /// neither.
    pub fn allowing<'a>(networks: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let networks = networks.into_iter().map(network).collect::<Result<_, _>>()?;
        Ok(Self {
            allowed: Allowed::Networks(networks),
        })
    }

    /// Whether `address` may be contacted.
    pub fn check(&self, address: IpAddr) -> Result<(), Refusal> {
        for seen in readings(address) {
            let class = classify(seen);
            let admitted = match class {
                Class::Public => true,
                Class::Never(_) => false,
                Class::Private(_) => self.admits(seen) || self.admits(address),
            };
            if !admitted {
                return Err(Refusal { address, class });
            }
        }
        Ok(())
    }

    /// Whether a URL can be asked at all: http or https, no user and password in it, and no literal address that is
    /// refused (those never reach the resolver).
    pub fn check_url(&self, url: &Url) -> Result<(), Fault> {
        if !matches!(url.scheme(), "http" | "https") {
            let message = format!(
                "`{}:` URLs cannot be fetched: only http and https can",
                url.scheme()
            );
            return Err(Fault::new(Kind::Definition, message));
        }
        if !url.username().is_empty() || url.password().is_some() {
            let message = format!(
                "the URL for {} holds a user and a password: use an auth flow of type `basic` instead",
                url.host_str().unwrap_or_default()
            );
            return Err(Fault::new(Kind::Definition, message));
        }
        let literal = match url.host() {
            Some(Host::Ipv4(address)) => IpAddr::V4(address),
            Some(Host::Ipv6(address)) => IpAddr::V6(address),
            Some(Host::Domain(_)) => return Ok(()),
            None => return Err(Fault::new(Kind::Definition, "the URL has no host")),
        };
        self.check(literal)
            .map_err(|refusal| Fault::new(Kind::Address, refusal.to_string()))
    }

    fn admits(&self, address: IpAddr) -> bool {
        match &self.allowed {
            Allowed::Local => true,
            Allowed::Networks(networks) => networks.iter().any(|network| network.contains(&address)),
        }
    }
}

/// Why an address is not contacted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    address: IpAddr,
    class: Class,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.class {
            Class::Never(what) => write!(
                f,
                "{} is {what}: such addresses are never contacted",
                self.address
            ),
            Class::Private(what) => write!(
                f,
                "{} is {what}: the operator of this service has to allow it (ORCHID_EGRESS_ALLOW)",
                self.address
            ),
            Class::Public => write!(f, "{} is refused", self.address),
        }
    }
}

impl std::error::Error for Refusal {}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Public,
    Private(&'static str),
    Never(&'static str),
}

fn network(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    text.parse::<IpNet>()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| format!("`{text}` is neither a network such as 10.0.0.0/8 nor an address"))
}

/// The address itself, and the IPv4 address inside it.
fn readings(address: IpAddr) -> impl Iterator<Item = IpAddr> {
    let (own, inner) = match address {
        IpAddr::V4(_) => (Some(address), None),
        // `::ffff:a.b.c.d` is an IPv4 address to the kernel: nothing else.
        IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some() => (None, v6.to_ipv4_mapped()),
        IpAddr::V6(v6) => (Some(address), embedded(v6)),
    };
    own.into_iter().chain(inner.map(IpAddr::V4))
}

/// The IPv4 address that a translator or tunnel would take the packet to: NAT64 (RFC 6052), 6to4 (RFC 3056),
/// Teredo (RFC 4380), IPv4-compatible (RFC 4291, 2.5.5.1).
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let bits = address.to_bits();
    let v4_at = |shift: u32| {
        let bytes = (bits >> shift).to_be_bytes();
        Ipv4Addr::new(bytes[12], bytes[13], bytes[14], bytes[15])
    };
    match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => Some(v4_at(0)),
        [0x2002, ..] => Some(v4_at(80)),
        [0x2001, 0, ..] => Some(Ipv4Addr::from_bits(!v4_at(0).to_bits())),
        // Not `::` and `::1`, which are addresses of their own.
        [0, 0, 0, 0, 0, 0, ..] if bits > 1 => Some(v4_at(0)),
        _ => None,
    }
}

fn classify(address: IpAddr) -> Class {
    match address {
        IpAddr::V4(address) => classify_v4(address),
        IpAddr::V6(address) => classify_v6(address),
    }
}

/// IANA's registry of special-purpose IPv4 addresses (RFC 6890), and the metadata services that are not link-local.
fn classify_v4(address: Ipv4Addr) -> Class {
    let [a, b, c, d] = address.octets();
    match (a, b, c, d) {
        (169, 254, 169, 254) | (100, 100, 100, 200) | (168, 63, 129, 16) | (192, 0, 0, 192) => {
            Class::Never("a cloud metadata address")
        }
        (169, 254, ..) => Class::Never("a link-local address"),
        (0, 0, 0, 0) | (127, ..) => Class::Private("a loopback address"),
        (0, ..) => Class::Never("an address of no host"),
        (224..=239, ..) => Class::Never("a multicast address"),
        (255, 255, 255, 255) => Class::Never("the broadcast address"),
        (10, ..) | (172, 16..=31, ..) | (192, 168, ..) => Class::Private("a private address"),
        (100, 64..=127, ..) => Class::Private("a shared (carrier) address"),
        (192, 0, 0 | 2, _)
        | (192, 88, 99, _)
        | (198, 18..=19, ..)
        | (198, 51, 100, _)
        | (203, 0, 113, _)
        | (240..=255, ..) => Class::Private("a reserved address"),
        _ => Class::Public,
    }
}

/// IANA's registry of special-purpose IPv6 addresses, and the metadata services in it.
fn classify_v6(address: Ipv6Addr) -> Class {
    if address.is_unspecified() || address.is_loopback() {
        return Class::Private("a loopback address");
    }
    match address.segments() {
        [0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254] | [0xfd20, 0x00ce, 0, 0, 0, 0, 0, 0x0254] => {
            Class::Never("a cloud metadata address")
        }
        [0xfe80..=0xfebf, ..] => Class::Never("a link-local address"),
        [0xff00..=0xffff, ..] => Class::Never("a multicast address"),
        [0xfc00..=0xfdff | 0xfec0..=0xfeff, ..] => Class::Private("a private address"),
        [0x2001, 0x0db8, ..] | [0x0100, 0, 0, 0, ..] | [0x0064, 0xff9b, 1, ..] | [0x5f00, ..] => {
            Class::Private("a reserved address")
        }
        _ => Class::Public,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(egress: &Egress, host: &str) -> String {
        let url = Url::parse(&format!("http://{host}/")).expect("a URL in a test");
        match egress.check_url(&url) {
            Ok(()) => "ok".into(),
            Err(fault) => fault.to_string(),
        }
    }

    #[test]
    fn literal_addresses_are_judged_without_a_resolver() {
        // host, shared service, own machine ("-" is refused)
        let cases = [
            ("8.8.8.8", "ok", "ok"),
            ("[2606:4700::1111]", "ok", "ok"),
            ("example.com", "ok", "ok"),
            ("127.0.0.1", "-", "ok"),
            ("127.255.0.3", "-", "ok"),
            ("0.0.0.0", "-", "ok"),
            ("0.1.2.3", "-", "-"),
            ("2130706433", "-", "ok"),
            ("0x7f.1", "-", "ok"),
            ("0177.0.0.1", "-", "ok"),
            ("10.1.2.3", "-", "ok"),
            ("172.31.255.255", "-", "ok"),
            ("172.32.0.1", "ok", "ok"),
            ("192.168.0.1", "-", "ok"),
            ("100.64.0.1", "-", "ok"),
            ("198.18.0.1", "-", "ok"),
            ("240.0.0.1", "-", "ok"),
            ("255.255.255.255", "-", "-"),
            ("224.0.0.251", "-", "-"),
            ("169.254.169.254", "-", "-"),
            ("0xa9fea9fe", "-", "-"),
            ("2852039166", "-", "-"),
            ("169.254.0.1", "-", "-"),
            ("100.100.100.200", "-", "-"),
            ("168.63.129.16", "-", "-"),
            ("[::1]", "-", "ok"),
            ("[::]", "-", "ok"),
            ("[::ffff:127.0.0.1]", "-", "ok"),
            ("[::ffff:169.254.169.254]", "-", "-"),
            ("[::ffff:8.8.8.8]", "ok", "ok"),
            ("[::169.254.169.254]", "-", "-"),
            ("[64:ff9b::a9fe:a9fe]", "-", "-"),
            ("[64:ff9b::808:808]", "ok", "ok"),
            ("[2002:a9fe:a9fe::1]", "-", "-"),
            ("[2002:7f00:1::]", "-", "ok"),
            ("[2001:0:1:2:3:4:5601:5601]", "-", "-"),
            ("[fe80::1]", "-", "-"),
            ("[fd00:ec2::254]", "-", "-"),
            ("[fd12::1]", "-", "ok"),
            ("[ff02::1]", "-", "-"),
            ("[2001:db8::1]", "-", "ok"),
        ];
        for (host, shared, own) in cases {
            for (egress, expected) in [(Egress::public(), shared), (Egress::local(), own)] {
                let found = verdict(&egress, host);
                let refused = found.starts_with("address: ");
                assert!(
                    if expected == "ok" { found == "ok" } else { refused },
                    "{host} under {egress:?}: {found}"
                );
            }
        }
    }

    #[test]
    fn networks_are_allowed_one_by_one() {
        let egress = Egress::allowing(["10.0.0.0/8", " fd12::/16", "127.0.0.1"]).expect("networks");
        for (host, expected) in [
            ("10.9.9.9", "ok"),
            ("[::ffff:10.9.9.9]", "ok"),
            ("[fd12::9]", "ok"),
            ("127.0.0.1", "ok"),
            (
                "127.0.0.2",
                "address: 127.0.0.2 is a loopback address: the operator of this service has to allow it (ORCHID_EGRESS_ALLOW)",
            ),
            ("[64:ff9b::a00:1]", "ok"),
            (
                "169.254.169.254",
                "address: 169.254.169.254 is a cloud metadata address: such addresses are never contacted",
            ),
        ] {
            assert_eq!(verdict(&egress, host), expected, "{host}");
        }
        let everything = Egress::allowing(["0.0.0.0/0", "::/0"]).expect("networks");
        assert!(verdict(&everything, "169.254.169.254").contains("never contacted"));
        let wrong = Egress::allowing(["10.0.0.0/33"]).expect_err("not a network");
        assert_eq!(
            wrong,
            "`10.0.0.0/33` is neither a network such as 10.0.0.0/8 nor an address"
        );
    }

    #[test]
    fn users_and_passwords_in_a_url_are_refused_and_not_repeated() {
        for url in [
            "http://user:hunter2@example.com/",
            "http://hunter2@example.com/",
            "http://:hunter2@example.com/",
        ] {
            let fault = Egress::local()
                .check_url(&Url::parse(url).expect("a URL"))
                .expect_err("refused");
            assert_eq!(
                fault.to_string(),
                "definition: the URL for example.com holds a user and a password: use an auth flow of type `basic` instead"
            );
        }
    }
}

//! Which origins credentials may go to (language, section 7). Pure.

use url::{Host, Url};

/// Where credentials of a request to one URL may be sent: to that URL's own origin, and to hosts the
/// integration names (`http.allowed_hosts`: `host[:port]` or `*.host[:port]`, without a port the scheme's own).
///
/// Never from `https` to `http`.
pub fn may_receive_credentials(own: &Url, target: &Url, allowed_hosts: &[String]) -> bool {
    if is_same(own, target) {
        return true;
    }
    let downgraded = own.scheme() == "https" && target.scheme() != "https";
    !downgraded && allowed_hosts.iter().any(|allowed| matches_host(allowed, target))
}

/// Whether two URLs have the same origin (RFC 6454: scheme, host, port).
pub fn is_same(a: &Url, b: &Url) -> bool {
    a.scheme() == b.scheme() && a.host() == b.host() && a.port_or_known_default() == b.port_or_known_default()
}

/// `link`, by `https` where it is an `http` link to the host and port of an `https` page.
///
/// Servers behind a proxy that ends TLS write such links; following them as written would send everything in clear.
pub fn upgraded(page: &Url, link: Url) -> Url {
    let same_place = page.host() == link.host() && (link.port().is_none() || link.port() == page.port());
    if page.scheme() != "https" || link.scheme() != "http" || !same_place {
        return link;
    }
    let mut secure = link.clone();
    let changed = secure.set_scheme("https").is_ok() && secure.set_port(page.port()).is_ok();
    if changed { secure } else { link }
}

/// `scheme://host[:port]`, for messages: neither path nor query, which may hold secrets.
pub fn shown(url: &Url) -> String {
    url.origin().ascii_serialization()
}

fn matches_host(allowed: &str, target: &Url) -> bool {
    let (host, port) = split_port(allowed);
    if target.port_or_known_default() != port.or(default_port(target.scheme())) {
        return false;
    }
    let Some(target_host) = target.host_str() else {
        return false;
    };
    match host.strip_prefix("*.") {
        Some(parent) => {
            matches!(target.host(), Some(Host::Domain(_)))
                && target_host
                    .len()
                    .checked_sub(parent.len() + 1)
                    .and_then(|at| target_host.get(at..))
                    .and_then(|tail| tail.strip_prefix('.'))
                    .is_some_and(|tail| tail.eq_ignore_ascii_case(parent))
        }
        None => target_host.eq_ignore_ascii_case(host),
    }
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

/// `host`, `host:port`, `[v6]`, `[v6]:port`.
fn split_port(text: &str) -> (&str, Option<u16>) {
    match text.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => match port.parse() {
            Ok(port) => (host, Some(port)),
            Err(_) => (text, None),
        },
        _ => (text, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).expect("a URL in a test")
    }

    #[test]
    fn credentials_go_to_the_own_origin_and_to_allowed_hosts_only() {
        let cases: &[(&str, &str, &[&str], bool)] = &[
            ("https://a.example/x", "https://a.example/y?z", &[], true),
            ("https://a.example/x", "https://A.EXAMPLE:443/y", &[], true),
            ("https://a.example/x", "https://a.example:8443/y", &[], false),
            ("https://a.example/x", "http://a.example/y", &[], false),
            ("https://a.example/x", "https://b.example/y", &[], false),
            ("https://a.example/x", "https://b.example/y", &["b.example"], true),
            ("https://a.example/x", "https://b.example/y", &["B.Example"], true),
            (
                "https://a.example/x",
                "https://b.example:444/y",
                &["b.example"],
                false,
            ),
            (
                "https://a.example/x",
                "https://b.example:444/y",
                &["b.example:444"],
                true,
            ),
            ("https://a.example/x", "http://b.example/y", &["b.example"], false),
            ("http://a.example/x", "http://b.example/y", &["b.example"], true),
            (
                "https://a.example/x",
                "https://x.b.example/y",
                &["*.b.example"],
                true,
            ),
            (
                "https://a.example/x",
                "https://x.y.b.example/y",
                &["*.b.example"],
                true,
            ),
            (
                "https://a.example/x",
                "https://b.example/y",
                &["*.b.example"],
                false,
            ),
            (
                "https://a.example/x",
                "https://evilb.example/y",
                &["*.b.example"],
                false,
            ),
            (
                "https://a.example/x",
                "https://b.example.evil/y",
                &["b.example", "*.b.example"],
                false,
            ),
            (
                "https://a.example/x",
                "https://[2001:db8::1]:8443/",
                &["[2001:db8::1]:8443"],
                true,
            ),
            (
                "https://a.example/x",
                "https://[2001:db8::1]/",
                &["[2001:db8::1]"],
                true,
            ),
            (
                "https://a.example/x",
                "https://b.example/",
                &["", "*", "*.", ":443"],
                false,
            ),
        ];
        for (own, target, allowed, expected) in cases {
            let allowed: Vec<String> = allowed.iter().map(ToString::to_string).collect();
            let found = may_receive_credentials(&url(own), &url(target), &allowed);
            assert_eq!(found, *expected, "{own} -> {target} with {allowed:?}");
        }
    }

    #[test]
    fn http_links_of_an_https_page_are_upgraded() {
        let cases = [
            ("https://a.example/x", "http://a.example/y", "https://a.example/y"),
            (
                "https://a.example:8443/x",
                "http://a.example/y",
                "https://a.example:8443/y",
            ),
            (
                "https://a.example:8443/x",
                "http://a.example:8443/y",
                "https://a.example:8443/y",
            ),
            (
                "https://a.example/x",
                "http://a.example:8080/y",
                "http://a.example:8080/y",
            ),
            ("https://a.example/x", "http://b.example/y", "http://b.example/y"),
            ("http://a.example/x", "http://a.example/y", "http://a.example/y"),
            (
                "https://a.example/x",
                "https://a.example/y",
                "https://a.example/y",
            ),
        ];
        for (page, link, expected) in cases {
            assert_eq!(
                upgraded(&url(page), url(link)).as_str(),
                expected,
                "{link} on {page}"
            );
        }
    }
}

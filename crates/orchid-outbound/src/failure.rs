//! What went wrong on the wire, in words for a person.
//!
//! Messages name the origin only: paths and queries may hold secrets.

use std::error::Error;
use std::io;

use orchid_engine::fault::{Fault, Kind};
use orchid_engine::origin;
use url::Url;

use crate::resolver::Unresolved;

/// How far the attempt had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// No status line yet.
    Head,
    /// Reading the body.
    Body,
}

/// The fault that an error of the HTTP client is.
pub(crate) fn classify(error: &reqwest::Error, url: &Url, phase: Phase) -> Fault {
    let chain = || std::iter::successors(Some(error as &(dyn Error + 'static)), |error| beneath(*error));
    let found = chain()
        .find_map(|cause| known(cause, phase))
        .or_else(|| {
            chain()
                .find_map(|cause| cause.downcast_ref::<io::Error>())
                .and_then(|error| framing(error, phase))
        })
        .or_else(|| {
            chain()
                .find_map(|cause| cause.downcast_ref::<hyper::Error>())
                .and_then(|error| spoken(error, phase))
        })
        .unwrap_or_else(|| {
            let kind = match phase {
                _ if error.is_timeout() => Kind::Timeout,
                _ if error.is_connect() => Kind::Connect,
                Phase::Head => Kind::Reset,
                Phase::Body => Kind::Truncated,
            };
            let deepest = chain().last().map_or_else(String::new, ToString::to_string);
            (kind, format!("the request failed: {deepest}"))
        });
    Fault::new(found.0, format!("{}: {}", origin::shown(url), found.1))
}

/// The next error down. An `io::Error` made around another error leaves that one out of its `source`.
fn beneath<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    if let Some(inner) = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        return Some(inner);
    }
    error.source()
}

type Found = Option<(Kind, String)>;

fn known(error: &(dyn Error + 'static), phase: Phase) -> Found {
    if let Some(error) = error.downcast_ref::<Unresolved>() {
        let kind = if matches!(error, Unresolved::Refused { .. }) {
            Kind::Address
        } else {
            Kind::Dns
        };
        return Some((kind, error.to_string()));
    }
    if let Some(error) = error.downcast_ref::<rustls::Error>() {
        return Some((Kind::Tls, tls(error)));
    }
    // A custom io::Error is only a coat: what is in it says more. But the end of a body is told by nothing else.
    error
        .downcast_ref::<io::Error>()
        .filter(|error| error.get_ref().is_none() || error.kind() == io::ErrorKind::UnexpectedEof)
        .and_then(|error| system(error, phase))
}

fn system(error: &io::Error, phase: Phase) -> Found {
    let (kind, text) = match error.kind() {
        io::ErrorKind::ConnectionRefused => {
            (Kind::Connect, "the connection was refused: nothing listens there")
        }
        io::ErrorKind::HostUnreachable => (Kind::Connect, "the host cannot be reached"),
        io::ErrorKind::NetworkUnreachable => (Kind::Connect, "the network cannot be reached"),
        io::ErrorKind::AddrNotAvailable => (Kind::Connect, "no local port is free for another connection"),
        io::ErrorKind::TimedOut => (Kind::Timeout, "the peer stopped answering on the network"),
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
            match phase {
                Phase::Head => (Kind::Reset, "the connection was reset before an answer came"),
                Phase::Body => (Kind::Reset, "the connection was reset in the middle of the body"),
            }
        }
        io::ErrorKind::UnexpectedEof => match phase {
            Phase::Head => (Kind::Reset, "the connection was closed before an answer came"),
            Phase::Body => (
                Kind::Truncated,
                "the connection was closed before the body was whole",
            ),
        },
        _ => return None,
    };
    Some((kind, text.into()))
}

/// What hyper finds while it takes the framing off a body.
fn framing(error: &io::Error, phase: Phase) -> Found {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => system(error, phase),
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
            Some((Kind::Reset, format!("what came is not HTTP: {error}")))
        }
        _ => None,
    }
}

fn spoken(error: &hyper::Error, phase: Phase) -> Found {
    let (kind, text) = if error.is_parse_too_large() {
        (
            Kind::TooLarge,
            "the response's header is too large (more than 100 fields or 400 KiB)".into(),
        )
    } else if error.is_parse() {
        (Kind::Reset, format!("what came is not HTTP: {error}"))
    } else if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
        match phase {
            Phase::Head => (
                Kind::Reset,
                "the connection was closed before an answer came".into(),
            ),
            Phase::Body => (
                Kind::Truncated,
                "the connection was closed before the body was whole".into(),
            ),
        }
    } else {
        return None;
    };
    Some((kind, text))
}

fn tls(error: &rustls::Error) -> String {
    use rustls::CertificateError as Bad;
    use rustls::Error as Tls;
    let text = match error {
        Tls::InvalidCertificate(bad) => match bad {
            Bad::UnknownIssuer => {
                "the server's certificate is signed by an authority that is not trusted here (`http.ca` can name it)".into()
            }
            Bad::Expired | Bad::ExpiredContext { .. } => "the server's certificate has expired".into(),
            Bad::NotValidYet | Bad::NotValidYetContext { .. } => "the server's certificate is not valid yet".into(),
            Bad::NotValidForName | Bad::NotValidForNameContext { .. } => {
                "the server's certificate is for another name".into()
            }
            Bad::Revoked => "the server's certificate has been revoked".into(),
            other => format!("the server's certificate is not accepted: {other}"),
        },
        Tls::InvalidMessage(_) => "the server does not speak TLS on this port (is the URL's scheme http?)".into(),
        Tls::AlertReceived(alert) => format!("the server refused the TLS handshake ({alert:?}); it may want a client certificate"),
        other => other.to_string(),
    };
    format!("TLS failed: {text}")
}

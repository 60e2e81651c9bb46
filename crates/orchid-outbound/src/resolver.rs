//! Names to addresses, under the egress rules.
//!
//! The check stands between resolving and connecting, so a name that points elsewhere the next time it is asked
//! gains nothing.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::address::{Egress, Refusal};

/// Asks the system and leaves out what may not be contacted.
pub(crate) struct Guard {
    egress: Arc<Egress>,
    lookup: Lookup,
}

/// How a name is looked up.
pub(crate) type Lookup = Arc<dyn Fn(String) -> Looking + Send + Sync>;

/// A look-up under way.
pub(crate) type Looking = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// The system's resolver.
pub(crate) fn system() -> Lookup {
    Arc::new(|name| {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    })
}

impl Guard {
    pub(crate) fn new(egress: Arc<Egress>, lookup: Lookup) -> Self {
        Self { egress, lookup }
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let looking = (self.lookup)(name.as_str().to_owned());
        let egress = Arc::clone(&self.egress);
        let host = name.as_str().to_owned();
        Box::pin(async move {
            let found = match looking.await {
                Ok(found) => found,
                Err(cause) => return Err(Unresolved::Failed { host, cause }.into()),
            };
            let mut refusal = None;
            let mut admitted = Vec::with_capacity(found.len());
            for address in found {
                match egress.check(address) {
                    Ok(()) => admitted.push(SocketAddr::new(address, 0)),
                    Err(refused) => refusal = Some(refused),
                }
            }
            match (admitted.is_empty(), refusal) {
                (false, _) => Ok(Box::new(admitted.into_iter()) as Addrs),
                (true, Some(refusal)) => Err(Unresolved::Refused { host, refusal }.into()),
                (true, None) => Err(Unresolved::Nothing { host }.into()),
            }
        })
    }
}

/// Why a name gave no address.
#[derive(Debug)]
pub(crate) enum Unresolved {
    Failed { host: String, cause: io::Error },
    Nothing { host: String },
    Refused { host: String, refusal: Refusal },
}

impl fmt::Display for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed { host, cause } => write!(f, "the name {host} does not resolve ({cause})"),
            Self::Nothing { host } => write!(f, "the name {host} has no address"),
            Self::Refused { host, refusal } => write!(
                f,
                "the name {host} leads to an address that is refused: {refusal}"
            ),
        }
    }
}

impl std::error::Error for Unresolved {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Failed { cause, .. } => Some(cause),
            Self::Nothing { .. } => None,
            Self::Refused { refusal, .. } => Some(refusal),
        }
    }
}

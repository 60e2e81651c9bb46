//! Reads a body, bounded in size and time.

use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_ENCODING;
use orchid_engine::budget::Charge;
use orchid_engine::fault::{Fault, Kind};
use orchid_engine::origin;
use tokio::time::{Instant, timeout_at};
use url::Url;

use crate::encoding::{Broken, Collected, Decoder};
use crate::failure::{self, Phase};

/// What bounds the reading of one body.
#[derive(Debug, Clone)]
pub(crate) struct Bounds {
    /// Decoded bytes.
    pub(crate) max: u64,
    /// The longest pause between two pieces.
    pub(crate) idle: Duration,
    /// The end of the attempt, and its length for the message.
    pub(crate) deadline: Instant,
    pub(crate) timeout: Duration,
    /// The memory that it may take.
    pub(crate) charge: Charge,
}

/// A body on its way in.
struct Intake<'a> {
    response: reqwest::Response,
    url: &'a Url,
    bounds: Bounds,
}

/// Reads all of it, or says why not and what came before.
pub(crate) async fn read(
    response: reqwest::Response,
    url: &Url,
    bounds: Bounds,
) -> Result<Bytes, (Fault, Bytes)> {
    let decoder = match label(&response) {
        None => Ok(None),
        Some(label) => Decoder::for_label(&label),
    };
    let intake = Intake {
        response,
        url,
        bounds,
    };
    match decoder {
        Err(broken) => Err((intake.fault(broken), Bytes::new())),
        Ok(Some(decoder)) => intake.read_encoded(decoder).await,
        Ok(None) => intake.read_plain().await,
    }
}

/// Reads on, up to `limit` bytes that nobody wants, so that the connection can be used again.
pub(crate) async fn drain(mut response: reqwest::Response, limit: u64, deadline: Instant) {
    if response.content_length().is_none_or(|length| length > limit) {
        return;
    }
    while let Ok(Ok(Some(_))) = timeout_at(deadline, response.chunk()).await {}
}

impl Intake<'_> {
    async fn read_plain(mut self) -> Result<Bytes, (Fault, Bytes)> {
        // Of the body, not of the header: the answer to HEAD announces a length and has none.
        let announced = self.response.content_length();
        if announced.is_some_and(|length| length > self.bounds.max) {
            return Err((self.fault(Broken::TooLarge), Bytes::new()));
        }
        self.hold(announced.unwrap_or(0)).await;
        let first = match self.next().await {
            Ok(Some(piece)) => piece,
            Ok(None) => return Ok(Bytes::new()),
            Err(fault) => return Err((fault, Bytes::new())),
        };
        let max = usize::try_from(self.bounds.max).unwrap_or(usize::MAX);
        if first.len() > max {
            return Err((self.fault(Broken::TooLarge), first.slice(..max)));
        }
        self.hold(first.len() as u64).await;
        // Most bodies come in one piece: it is handed on without a copy.
        let second = match self.next().await {
            Ok(Some(piece)) => piece,
            Ok(None) => return Ok(first),
            Err(fault) => return Err((fault, first)),
        };
        let mut collected = Collected::new(self.bounds.max);
        collected.bytes.reserve(room(announced, self.bounds.max));
        let mut pending = vec![second, first];
        loop {
            while let Some(piece) = pending.pop() {
                if let Err(broken) = collected.add(&piece) {
                    return Err((self.fault(broken), collected.bytes.into()));
                }
            }
            self.hold(collected.bytes.len() as u64).await;
            match self.next().await {
                Ok(Some(piece)) => pending.push(piece),
                Ok(None) => return Ok(collected.bytes.into()),
                Err(fault) => return Err((fault, collected.bytes.into())),
            }
        }
    }

    async fn read_encoded(mut self, mut decoder: Decoder) -> Result<Bytes, (Fault, Bytes)> {
        let mut collected = Collected::new(self.bounds.max);
        loop {
            let outcome = match self.next().await {
                Ok(Some(piece)) => decoder.push(&piece, &mut collected),
                Ok(None) => match decoder.finish(&mut collected) {
                    Ok(()) => return Ok(collected.bytes.into()),
                    Err(broken) => Err(broken),
                },
                Err(fault) => return Err((fault, collected.bytes.into())),
            };
            if let Err(broken) = outcome {
                return Err((self.fault(broken), collected.bytes.into()));
            }
            self.hold(collected.bytes.len() as u64).await;
        }
    }

    /// Waits until `bytes` may be held in memory. The peer is not blamed for that time.
    async fn hold(&mut self, bytes: u64) {
        let asked = Instant::now();
        self.bounds.charge.body(bytes).await;
        self.bounds.deadline += asked.elapsed();
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        let bounds = &self.bounds;
        let idle = Instant::now() + bounds.idle;
        match timeout_at(idle.min(bounds.deadline), self.response.chunk()).await {
            Ok(Ok(piece)) => Ok(piece),
            Ok(Err(error)) => Err(failure::classify(&error, self.url, Phase::Body)),
            Err(_) => {
                let from = origin::shown(self.url);
                let message = if idle < bounds.deadline {
                    format!("{from}: the body stopped coming for {:?}", bounds.idle)
                } else {
                    format!(
                        "{from}: the body was not whole within the step's `timeout` of {:?}",
                        bounds.timeout
                    )
                };
                Err(Fault::new(Kind::Timeout, message))
            }
        }
    }

    fn fault(&self, broken: Broken) -> Fault {
        let from = origin::shown(self.url);
        match broken {
            Broken::TooLarge => {
                let max = self.bounds.max;
                Fault::new(
                    Kind::TooLarge,
                    format!("{from}: the body has more than {max} bytes (`max_response_bytes`)"),
                )
            }
            Broken::Truncated(encoding) => Fault::new(
                Kind::Truncated,
                format!("{from}: the body ends in the middle of its {encoding} encoding"),
            ),
            Broken::Corrupt(why) => {
                Fault::new(Kind::Decode, format!("{from}: the body cannot be decoded: {why}"))
            }
        }
    }
}

fn label(response: &reqwest::Response) -> Option<String> {
    let mut values = response
        .headers()
        .get_all(CONTENT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let first = values.next()?.to_owned();
    Some(values.fold(first, |all, value| all + "," + value))
}

/// What to reserve: an announced length is not to be trusted with memory beyond `max`.
fn room(announced: Option<u64>, max: u64) -> usize {
    usize::try_from(announced.unwrap_or(0).min(max)).unwrap_or(0)
}

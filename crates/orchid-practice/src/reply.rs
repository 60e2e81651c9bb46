//! What a handler answers, before it becomes a hyper response.

use std::io;
use std::pin::Pin;

use bytes::Bytes;
use futures_util::stream::{Stream, StreamExt};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Either, Full, StreamBody};
use hyper::body::Frame;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use serde_json::json;

/// The body of a hyper response.
pub(crate) type Body = Either<Full<Bytes>, UnsyncBoxBody<Bytes, io::Error>>;

/// Parts of a body that come one after the other; an error cuts the connection.
pub(crate) type Parts = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

/// An answer.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) content: Content,
}

/// The body of an answer.
pub(crate) enum Content {
    Whole(Bytes),
    Parts(Parts),
}

impl Reply {
    pub(crate) fn new(status: u16, media_type: &str, body: impl Into<Bytes>) -> Self {
        let reply = Self {
            status,
            headers: Vec::new(),
            content: Content::Whole(body.into()),
        };
        if media_type.is_empty() {
            reply
        } else {
            reply.header(CONTENT_TYPE, media_type)
        }
    }

    /// 200 with JSON.
    pub(crate) fn json(body: impl Into<Bytes>) -> Self {
        Self::new(200, "application/json", body)
    }

    /// An error as this API words it.
    pub(crate) fn error(status: u16, code: &str, message: &str) -> Self {
        let body = json!({ "error": code, "message": message });
        Self::new(status, "application/json", body.to_string())
    }

    pub(crate) fn not_found() -> Self {
        Self::error(
            404,
            "not_found",
            "there is nothing here; GET / lists what there is",
        )
    }

    /// A body in parts; chunked unless a `content-length` header is added.
    pub(crate) fn parts(
        media_type: &str,
        parts: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
    ) -> Self {
        Self {
            content: Content::Parts(Box::pin(parts)),
            ..Self::new(200, media_type, Bytes::new())
        }
    }

    /// Adds a header. A value that HTTP does not allow is left out.
    pub(crate) fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    /// Adds a header by name, which must be in lower case.
    pub(crate) fn named(self, name: &'static str, value: &str) -> Self {
        self.header(HeaderName::from_static(name), value)
    }

    pub(crate) fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// The response; `guard` lives until the last byte of the body was taken.
    pub(crate) fn into_response<G: Send + 'static>(self, guard: G) -> Response<Body> {
        let body = match self.content {
            Content::Whole(bytes) => Either::Left(Full::new(bytes)),
            Content::Parts(parts) => {
                let framed = parts.map(move |part| {
                    let _held = &guard;
                    part.map(Frame::data)
                });
                Either::Right(BodyExt::boxed_unsync(StreamBody::new(framed)))
            }
        };
        let mut response = Response::new(body);
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        for (name, value) in self.headers {
            response.headers_mut().append(name, value);
        }
        response
    }
}

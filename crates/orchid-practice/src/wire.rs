//! A socket whose next answer can be replaced by scripted bytes: that is how broken HTTP is spoken on the same
//! port as good HTTP. Hyper writes its response; the script, if one is set, goes out instead.

use std::io::{self, Error, ErrorKind, IoSlice};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::state::locked;

/// What is written in place of a response, and how the connection ends.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) bytes: Bytes,
    pub(crate) ending: Ending,
}

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// In order (FIN).
    Close,
    /// Torn down (RST).
    Reset,
}

/// Holds the script of one connection.
#[derive(Debug, Default)]
pub(crate) struct Takeover {
    /// Lets ordinary writes pass without the lock.
    armed: AtomicBool,
    script: Mutex<Option<Script>>,
}

impl Takeover {
    pub(crate) fn set(&self, script: Script) {
        *locked(&self.script) = Some(script);
        self.armed.store(true, Ordering::Release);
    }
}

/// A connection.
pub(crate) struct Wire {
    stream: TcpStream,
    takeover: Arc<Takeover>,
}

impl Wire {
    pub(crate) fn new(stream: TcpStream, takeover: Arc<Takeover>) -> Self {
        Self { stream, takeover }
    }

    fn armed(&self) -> bool {
        self.takeover.armed.load(Ordering::Acquire)
    }

    /// Plays the script; its end is an error, which makes hyper drop the connection.
    fn poll_script(&mut self, context: &mut Context<'_>) -> Poll<Error> {
        let mut guard = locked(&self.takeover.script);
        let over = || Error::from(ErrorKind::BrokenPipe);
        let Some(script) = guard.as_mut() else {
            return Poll::Ready(over());
        };
        while script.bytes.has_remaining() {
            match ready!(pin!(&mut self.stream).poll_write(context, &script.bytes)) {
                Ok(written) => script.bytes.advance(written),
                Err(error) => return Poll::Ready(error),
            }
        }
        match script.ending {
            Ending::Close => {
                // The client may have gone first; the connection is over either way.
                let _closed = ready!(pin!(&mut self.stream).poll_shutdown(context));
            }
            Ending::Reset => {
                let _set = self.stream.set_zero_linger();
            }
        }
        *guard = None;
        Poll::Ready(over())
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        pin!(&mut self.get_mut().stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.armed() {
            return this.poll_script(context).map(Err);
        }
        pin!(&mut this.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.armed() {
            return this.poll_script(context).map(Err);
        }
        pin!(&mut this.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        pin!(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        pin!(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

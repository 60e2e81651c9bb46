//! A server that sends what a script says, byte for byte, and keeps what it was asked.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the server does next on a connection.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Sends these bytes again and again, until the client has gone.
    Repeat(Vec<u8>),
    /// Sends one byte after each pause, until the client has gone.
    Drip(Duration),
    /// Sends nothing more, until the client has gone.
    Hang,
    /// Closes the connection in order.
    Close,
    /// Resets the connection.
    Reset,
}

/// Text to send.
pub(crate) fn send(text: impl Into<Vec<u8>>) -> Act {
    Act::Send(text.into())
}

/// A whole answer with its length, on a connection that stays open.
pub(crate) fn answer(status: &str, headers: &[&str], body: impl AsRef<[u8]>) -> Vec<Act> {
    let body = body.as_ref();
    let mut bytes = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n", body.len());
    for header in headers {
        bytes.push_str(header);
        bytes.push_str("\r\n");
    }
    bytes.push_str("\r\n");
    let mut bytes = bytes.into_bytes();
    bytes.extend_from_slice(body);
    vec![Act::Send(bytes)]
}

/// A running server; it ends with the test's runtime.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
    connections: Arc<Mutex<usize>>,
}

type Script = Arc<dyn Fn(&str, SocketAddr) -> Vec<Act> + Send + Sync>;

impl Server {
    /// Answers every request with the same acts.
    pub(crate) async fn playing(acts: Vec<Act>) -> Self {
        Self::start(move |_, _| acts.clone()).await
    }

    /// Answers each request (its text, and the server's own address) as `script` says.
    pub(crate) async fn start(script: impl Fn(&str, SocketAddr) -> Vec<Act> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (seen, connections) = (
            Arc::<Mutex<Vec<String>>>::default(),
            Arc::<Mutex<usize>>::default(),
        );
        let script: Script = Arc::new(script);
        let (log, count) = (Arc::clone(&seen), Arc::clone(&connections));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *count.lock().expect("no poison") += 1;
                tokio::spawn(serve(stream, address, Arc::clone(&script), Arc::clone(&log)));
            }
        });
        Self {
            address,
            seen,
            connections,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What it was asked, in order.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().expect("no poison").clone()
    }

    /// Connections accepted so far.
    pub(crate) fn connections(&self) -> usize {
        *self.connections.lock().expect("no poison")
    }
}

async fn serve(mut stream: TcpStream, address: SocketAddr, script: Script, log: Arc<Mutex<Vec<String>>>) {
    while let Some(request) = read_request(&mut stream).await {
        log.lock().expect("no poison").push(request.clone());
        for act in script(&request, address) {
            if matches!(act, Act::Reset) {
                let _ = stream.set_zero_linger();
                return;
            }
            if !play(&mut stream, act).await {
                return;
            }
        }
    }
}

/// Plays one act; false when the connection is done with.
pub(crate) async fn play(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), act: Act) -> bool {
    match act {
        Act::Send(bytes) => stream.write_all(&bytes).await.is_ok() && stream.flush().await.is_ok(),
        Act::Repeat(bytes) => {
            while stream.write_all(&bytes).await.is_ok() {}
            false
        }
        Act::Drip(pause) => {
            let mut ticks = tokio::time::interval(pause);
            while stream.write_all(b".").await.is_ok() && stream.flush().await.is_ok() {
                ticks.tick().await;
            }
            false
        }
        Act::Hang => {
            let mut rest = [0; 1024];
            while stream.read(&mut rest).await.is_ok_and(|read| read > 0) {}
            false
        }
        Act::Close | Act::Reset => {
            let _ = stream.shutdown().await;
            false
        }
    }
}

/// The text of one request, with its body; `None` when the client has closed.
pub(crate) async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let head = bytes
            .windows(4)
            .position(|window| window == b"\r\n\r\n")
            .map(|at| at + 4);
        if let Some(head) = head {
            let text = String::from_utf8_lossy(&bytes[..head]).into_owned();
            let length = text
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |length| length.parse().expect("a length"));
            if bytes.len() >= head + length {
                return Some(String::from_utf8_lossy(&bytes).into_owned());
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

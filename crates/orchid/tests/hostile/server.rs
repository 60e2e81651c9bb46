//! A server on a raw socket that does with each request what a script says, and keeps what it was sent.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::answer::{Answer, Piece};

/// A running server; dropping it stops it.
pub(crate) struct Server {
    /// `http://127.0.0.1:PORT`
    pub(crate) origin: String,
    asked: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

/// Answers by the start of the path: the first route that fits. Each goes through its answers in order and stays at
/// the last.
#[derive(Debug, Clone, Default)]
pub(crate) struct Script {
    pub(crate) routes: Vec<(String, Vec<Answer>)>,
}

/// A port that is taken, before its server knows what to say.
pub(crate) struct Bound {
    pub(crate) origin: String,
    listener: TcpListener,
}

/// Takes a port on the loopback interface.
pub(crate) async fn bind() -> Bound {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    Bound { origin, listener }
}

impl Bound {
    /// Starts to answer. `fill` puts the origins in.
    pub(crate) fn serve(
        self,
        script: Script,
        fill: impl Fn(&[u8]) -> Vec<u8> + Send + Sync + 'static,
    ) -> Server {
        let Self { origin, listener } = self;
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let log = Arc::clone(&asked);
        let counts = Arc::new(Mutex::new(vec![0_usize; script.routes.len()]));
        let shared = Arc::new((script, fill));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (log, counts, shared) = (Arc::clone(&log), Arc::clone(&counts), Arc::clone(&shared));
                tokio::spawn(async move {
                    let mut stream = stream;
                    let Some(request) = read(&mut stream).await else {
                        return;
                    };
                    let (script, fill) = &*shared;
                    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
                    log.lock().unwrap().push(request);
                    let answer = script.next(&path, &mut counts.lock().unwrap());
                    if let Some(answer) = answer {
                        give(stream, answer, fill).await;
                    }
                });
            }
        });
        Server { origin, asked, task }
    }
}

impl Server {
    /// Every request as it came, in order.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Script {
    fn next(&self, path: &str, counts: &mut [usize]) -> Option<Answer> {
        let at = self
            .routes
            .iter()
            .position(|(start, _)| path.starts_with(start))?;
        let answers = &self.routes[at].1;
        let answer = answers.get(counts[at].min(answers.len().saturating_sub(1)));
        counts[at] += 1;
        answer.cloned()
    }
}

/// One request, head and body; none where the client left.
async fn read(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| {
                    line.to_ascii_lowercase()
                        .strip_prefix("content-length:")?
                        .trim()
                        .parse()
                        .ok()
                })
                .unwrap_or(0);
            if body.len() >= length {
                return Some(text);
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

async fn give(mut stream: TcpStream, answer: Answer, fill: &(impl Fn(&[u8]) -> Vec<u8> + Sync)) {
    let pieces = match answer {
        Answer::Wire(pieces) => pieces,
        Answer::Http {
            status,
            headers,
            body,
        } => {
            let body = fill(&body);
            let mut out = format!("HTTP/1.1 {status} Scripted\r\nConnection: close\r\n");
            if status != 204 && status != 304 {
                out += &format!("Content-Length: {}\r\n", body.len());
            }
            for (name, value) in headers {
                out += &format!("{name}: {value}\r\n");
            }
            let mut out = fill((out + "\r\n").as_bytes());
            out.extend(body);
            vec![Piece::Send(out)]
        }
    };
    for piece in pieces {
        // A client that has left wants nothing more.
        let done = match piece {
            Piece::Send(bytes) => stream.write_all(&fill(&bytes)).await,
            Piece::Reset => {
                let _ = stream.set_zero_linger();
                return;
            }
            Piece::Hang => left(&mut stream).await,
            Piece::Flood(bytes) => loop {
                if let Err(error) = stream.write_all(&bytes).await {
                    break Err(error);
                }
            },
            Piece::Drip(bytes) => {
                let mut pace = tokio::time::interval(Duration::from_millis(1));
                loop {
                    pace.tick().await;
                    if let Err(error) = stream.write_all(&bytes).await {
                        break Err(error);
                    }
                }
            }
        };
        if done.is_err() {
            return;
        }
    }
    let _ = stream.shutdown().await;
    let _ = left(&mut stream).await;
}

/// Until the client closes.
async fn left(stream: &mut TcpStream) -> std::io::Result<()> {
    let mut rest = [0; 1024];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}

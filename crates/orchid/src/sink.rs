//! Events as lines: to stdout, or appended to a file that is synced before an event counts as acknowledged.
//!
//! One thread owns the output. It takes whatever is waiting, writes it, makes it durable once, and answers all
//! of them: under load many events share one `fsync`.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write};
use std::path::Path;
use std::thread::JoinHandle;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use orchid_engine::event::{Event, EventKind};
use orchid_engine::fault::{Fault, Kind};
use orchid_engine::ports::{Receipt, Sink};
use tokio::sync::{mpsc, oneshot};

/// Events that may wait for the writing thread; `emit` waits beyond that.
const QUEUE: usize = 256;

/// A sink of lines.
#[derive(Debug)]
pub(crate) struct Lines {
    kinds: Vec<EventKind>,
    queue: Option<mpsc::Sender<Order>>,
    thread: Option<JoinHandle<()>>,
}

struct Order {
    line: Bytes,
    done: oneshot::Sender<Result<(), Fault>>,
}

impl Lines {
    /// Lines on stdout; acknowledged when the reader's pipe has taken them.
    pub(crate) fn stdout(kinds: Vec<EventKind>) -> io::Result<Self> {
        Self::start(kinds, Box::new(Stdout(io::BufWriter::new(io::stdout()))))
    }

    /// Lines appended to a file, created if missing; acknowledged after `fsync`. A torn last line, left by a
    /// crash before it was acknowledged, is cut off first.
    pub(crate) fn file(kinds: Vec<EventKind>, path: &Path) -> io::Result<Self> {
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        cut_torn_line(&mut file)?;
        Self::start(kinds, Box::new(Synced(io::BufWriter::new(file))))
    }

    fn start(kinds: Vec<EventKind>, output: Box<dyn Output>) -> io::Result<Self> {
        let (queue, orders) = mpsc::channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("sink".to_owned())
            .spawn(move || write_all(orders, output))?;
        Ok(Self {
            kinds,
            queue: Some(queue),
            thread: Some(thread),
        })
    }
}

#[async_trait]
impl Sink for Lines {
    async fn emit(&self, event: Event) -> Result<Receipt, Fault> {
        let (done, receipt) = oneshot::channel();
        if !self.kinds.contains(&event.kind) {
            // Nobody asked for it, so nobody can miss it. A receiver that has gone needs no answer.
            let _ = done.send(Ok(()));
            return Ok(receipt);
        }
        let queue = self.queue.as_ref().ok_or_else(closed)?;
        queue
            .send(Order {
                line: event.json,
                done,
            })
            .await
            .map_err(|_| closed())?;
        Ok(receipt)
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // A panic in the thread has already been reported by the runtime; there is nothing left to save.
            let _ = thread.join();
        }
    }
}

fn closed() -> Fault {
    Fault::new(Kind::Sink, "the output is closed")
}

/// How long the thread gathers more events before it makes them durable with the first: nobody waits for the
/// sink but checkpoints, and each `fsync` costs more than writing a hundred events.
const GATHER: Duration = Duration::from_millis(2);

/// Something that takes lines and can make them durable.
trait Output: Write + Send {
    /// How long it pays to wait for more before making lines durable.
    fn gather(&self) -> Duration;
    fn make_durable(&mut self) -> io::Result<()>;
}

struct Stdout(io::BufWriter<io::Stdout>);
struct Synced(io::BufWriter<File>);

macro_rules! write_through {
    ($($name:ty),*) => {$(
        impl Write for $name {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0.write(bytes)
            }
            fn flush(&mut self) -> io::Result<()> {
                self.0.flush()
            }
        }
    )*};
}
write_through!(Stdout, Synced);

impl Output for Stdout {
    fn gather(&self) -> Duration {
        Duration::ZERO
    }

    fn make_durable(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Output for Synced {
    fn gather(&self) -> Duration {
        GATHER
    }

    fn make_durable(&mut self) -> io::Result<()> {
        self.0.flush()?;
        self.0.get_ref().sync_data()
    }
}

fn write_all(mut orders: mpsc::Receiver<Order>, mut output: Box<dyn Output>) {
    let mut batch = Vec::with_capacity(QUEUE);
    while orders.blocking_recv_many(&mut batch, QUEUE) > 0 {
        if batch.len() < QUEUE && !output.gather().is_zero() {
            std::thread::sleep(output.gather());
            while batch.len() < QUEUE
                && let Ok(order) = orders.try_recv()
            {
                batch.push(order);
            }
        }
        let written = write_batch(&batch, output.as_mut());
        let failed = written.is_err();
        let answer = written.map_err(|error| Fault::new(Kind::Sink, format!("cannot write events: {error}")));
        for order in batch.drain(..) {
            let _ = order.done.send(answer.clone());
        }
        if failed {
            return;
        }
    }
}

fn write_batch(batch: &[Order], output: &mut dyn Output) -> io::Result<()> {
    for order in batch {
        output.write_all(&order.line)?;
        output.write_all(b"\n")?;
    }
    output.make_durable()
}

/// Leaves the file positioned behind its last complete line, and nothing after that.
fn cut_torn_line(file: &mut File) -> io::Result<()> {
    const BLOCK: u64 = 64 * 1024;
    let length = file.seek(SeekFrom::End(0))?;
    let mut end = length;
    while end > 0 {
        let start = end.saturating_sub(BLOCK);
        let mut block = vec![0; usize::try_from(end - start).unwrap_or(0)];
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(&mut block)?;
        if let Some(at) = block.iter().rposition(|byte| *byte == b'\n') {
            end = start + at as u64 + 1;
            break;
        }
        end = start;
    }
    if end < length {
        tracing::warn!(bytes = length - end, "cut off a torn last line");
        file.set_len(end)?;
    }
    file.seek(SeekFrom::Start(end))?;
    Ok(())
}

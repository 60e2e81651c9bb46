//! Processes that are measured: the fake API (not counted), the bare loop, Orchid.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use wait4::Wait4 as _;

use crate::folder;

/// Memory is sampled, and the end noticed, this often.
const SAMPLE_EVERY: Duration = Duration::from_millis(10);

/// What a process used.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Used {
    /// Seconds of processor time, user and system.
    pub(crate) cpu_s: f64,
    /// Seconds from start to end.
    pub(crate) wall_s: f64,
    /// The largest resident size.
    pub(crate) peak_bytes: u64,
}

/// The fake API in a process of its own.
pub(crate) struct Api {
    process: Child,
    base: String,
}

impl Api {
    /// Starts it and waits until it says where it listens.
    pub(crate) fn start() -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_orchid"))
            .args(["practice-api", "--listen", "127.0.0.1:0"])
            .stderr(Stdio::piped())
            .spawn()
            .expect("the practice API starts");
        let stderr = process.stderr.take().expect("stderr is a pipe");
        let base = BufReader::new(stderr)
            .lines()
            .map(|line| line.expect("text"))
            .find_map(|line| {
                line.split_whitespace()
                    .find(|word| word.starts_with("http://"))
                    .map(ToOwned::to_owned)
            })
            .expect("it says where it listens");
        Self { process, base }
    }

    /// The bare loop over `count` requests of a shape.
    pub(crate) fn bare(&self, shape: &str, count: u32, latency: &str) -> Used {
        let folder = folder();
        let this = std::env::current_exe().expect("this program has a path");
        let mut command = Command::new(this);
        command
            .args(["bare", &self.base, shape, &count.to_string(), latency])
            .arg(folder.path().join("out"));
        finish(command, |_| ())
    }

    /// Orchid over `count` requests (pages for `fanout`) of a plan of `benches/run/plans.yaml`.
    pub(crate) fn orchid(&self, plan: &str, count: u32, latency: &str) -> Used {
        let folder = folder();
        finish(
            self.command(plan, count, latency, &folder.path().join("out")),
            |_| (),
        )
    }

    /// The same, with samples of `(bytes written, bytes resident)` while it runs.
    pub(crate) fn orchid_sampled(&self, plan: &str, count: u32, latency: &str) -> (Used, Vec<(u64, u64)>) {
        let folder = folder();
        let out = folder.path().join("out");
        let mut samples = Vec::new();
        let used = finish(self.command(plan, count, latency, &out), |process| {
            samples.extend(resident(process.id()).map(|resident| (length(&out), resident)));
        });
        (used, samples)
    }

    fn command(&self, plan: &str, count: u32, latency: &str, out: &Path) -> Command {
        let plans = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/run/plans.yaml");
        let mut command = Command::new(env!("CARGO_BIN_EXE_orchid"));
        command.args([
            "run",
            plans,
            "--plan",
            plan,
            "--events",
            "response",
            "--set",
            &format!("base_url={}", self.base),
        ]);
        command.args([
            "--set",
            &format!("count={count}"),
            "--set",
            &format!("latency='{latency}'"),
        ]);
        command.arg("--out").arg(out);
        command
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to stop.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn finish(mut command: Command, mut sample: impl FnMut(&Child)) -> Used {
    let start = Instant::now();
    let process = command.stderr(Stdio::null()).spawn().expect("the process starts");
    while runs(&process) {
        sample(&process);
        std::thread::sleep(SAMPLE_EVERY);
    }
    let wall_s = start.elapsed().as_secs_f64();
    let ended = process.wait4().expect("the process is ours");
    assert!(ended.status.success(), "{command:?} ended with {}", ended.status);
    Used {
        cpu_s: (ended.rusage.utime + ended.rusage.stime).as_secs_f64(),
        wall_s,
        peak_bytes: ended.rusage.maxrss,
    }
}

/// Whether a process that nobody has waited for yet still runs.
fn runs(process: &Child) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", process.id())).unwrap_or_default();
    let state = stat.rsplit(") ").next().and_then(|rest| rest.chars().next());
    state.is_some_and(|state| state != 'Z')
}

fn resident(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

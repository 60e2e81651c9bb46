//! Progress on stderr: a bar for people, a line now and then for logs.

use std::io::Write as _;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Lines are written this often where nobody watches.
const EVERY: Duration = Duration::from_secs(10);

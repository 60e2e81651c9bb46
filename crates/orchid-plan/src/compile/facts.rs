//! What is known of a compiled step: what it and the steps below it read.

use orchid_jmespath::expression::{Expression, Path, Segment};

use crate::program::expressions;
use crate::program::{Advance, Limit, Step};

/// Whether `no progress` is checked: the loop depends on nothing but what comes back, and does not wait.
pub(super) fn checks_progress(step: &Step) -> bool {
    let (Advance::While(expression) | Advance::NextUrl(expression)) = &step.advance else {
        return false;
    };
    let reads = |root: &str| expression.reads_under(&[root]);
    step.loop_wait.is_none() && (reads("response") || reads("prev")) && !reads("context") && !reads("vars")
}

/// Whether any expression reads the body of this step's responses, here or below.
pub(super) fn reads_body(step: &Step, limits: &[Limit], split_when: Option<&Expression>) -> bool {
    let mut reads = step.handed_down.iter().any(|path| is_body(path.0.first()))
        || split_when.is_some_and(|expression| expression.reads_under(&["response", "body"]));
    let mut visit = |expression: &Expression| {
        reads = reads
            || expression.reads_under(&["response", "body"])
            || expression.reads_under(&["prev", "body"]);
    };
    expressions::of_step(step, &mut visit);
    for id in &step.limits {
        if let Some(limit) = limits.get(id.0) {
            expressions::of_limit(limit, &mut visit);
        }
    }
    reads
}

/// What sub-steps read of this step's response, as paths below it.
pub(super) fn handed_down(step: &Step) -> Vec<Path> {
    let mut paths = Vec::new();
    for below in &step.steps {
        collect(below, 1, &mut paths);
    }
    paths.sort();
    // Sorted, a path follows those that contain it.
    paths.dedup_by(|path, above| path.0.starts_with(&above.0));
    paths
}

/// Adds what `step` and those below it read of the response `depth` levels above `step`.
fn collect(step: &Step, depth: usize, paths: &mut Vec<Path>) {
    expressions::of_step(step, &mut |expression| {
        paths.extend(expression.reads().iter().filter_map(|path| above(path, depth)));
    });
    for below in &step.steps {
        collect(below, depth + 1, paths);
    }
}

/// The part of a path that lies in the response `depth` levels above.
fn above(path: &Path, depth: usize) -> Option<Path> {
    let is_parent = |segment: &&Segment| matches!(segment, Segment::Field(name) if name == "parent");
    let parents = path.0.iter().take_while(is_parent).count();
    if parents == 0 {
        return None;
    }
    if parents == path.0.len() {
        // A parent as a whole, and all above it.
        return (parents <= depth).then(|| Path(Vec::new()));
    }
    if parents != depth {
        return None;
    }
    let rest = &path.0[depth..];
    let is_own = matches!(rest.first(), Some(Segment::Field(name))
        if ["item", "index", "iteration", "saved_item"].contains(&name.as_str()));
    (!is_own).then(|| Path(rest.to_vec()))
}

fn is_body(first: Option<&Segment>) -> bool {
    match first {
        None | Some(Segment::Each) => true,
        Some(Segment::Field(name)) => name == "body",
    }
}

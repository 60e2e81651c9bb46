//! What is known of a compiled step: what it and the steps below it read.

use orchid_jmespath::expression::{Expression, Path, Segment};

use crate::program::{
    Adapt, Advance, Auth, Body, CountedBy, Emit, Limit, Part, Request, Step, Template, Tree, UrlPart,
};

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
    expressions(step, &mut visit);
    for id in &step.limits {
        if let Some(limit) = limits.get(id.0) {
            limit_expressions(limit, &mut visit);
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
    expressions(step, &mut |expression| {
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

/// Calls `visit` for every expression of a step, those of its sub-steps excepted.
fn expressions(step: &Step, visit: &mut dyn FnMut(&Expression)) {
    let judge = &step.judge;
    let optional = [
        &step.iterate_over,
        &step.when,
        &step.unique_by,
        &step.break_when,
        &judge.abort_when,
        &judge.skip_when,
        &judge.refresh_when,
        &judge.throttled_when,
        &judge.success_when,
    ];
    optional.into_iter().flatten().for_each(&mut *visit);
    judge.retry.iter().for_each(|rule| visit(&rule.when));
    match &step.advance {
        Advance::Once => {}
        Advance::While(expression) | Advance::NextUrl(expression) => visit(expression),
    }
    for var in &step.vars {
        visit(&var.init);
        var.next.iter().for_each(&mut *visit);
    }
    for save in &step.save {
        visit(&save.value);
        save.when.iter().chain(&save.key).for_each(&mut *visit);
    }
    if let Emit::Expression(expression) = &step.emit {
        visit(expression);
    }
    step.topic
        .iter()
        .chain(&step.key)
        .for_each(|template| template_expressions(template, visit));
    if let Auth::Select(template) = &step.auth {
        template_expressions(template, visit);
    }
    if let Some(sign) = &step.sign {
        sign.fields
            .iter()
            .chain(&sign.headers)
            .for_each(|(_, template)| template_expressions(template, visit));
        sign.values.iter().for_each(|(_, expression)| visit(expression));
    }
    request_expressions(&step.request, visit);
}

fn request_expressions(request: &Request, visit: &mut dyn FnMut(&Expression)) {
    template_expressions(&request.method, visit);
    for part in &request.url.parts {
        match part {
            UrlPart::Text(_) => {}
            UrlPart::Base(hole) | UrlPart::Segment(hole) | UrlPart::Path(hole) | UrlPart::Query(hole) => {
                template_expressions(&hole.value, visit);
            }
        }
    }
    request
        .params
        .iter()
        .for_each(|(_, tree)| tree_expressions(tree, visit));
    request
        .headers
        .iter()
        .for_each(|(_, template)| template_expressions(template, visit));
    match &request.body {
        Body::None => {}
        Body::Value(tree) => tree_expressions(tree, visit),
        Body::Form(fields) => fields.iter().for_each(|(_, tree)| tree_expressions(tree, visit)),
        Body::Graphql { query, variables } => {
            template_expressions(query, visit);
            variables.iter().for_each(|tree| tree_expressions(tree, visit));
        }
    }
}

fn limit_expressions(limit: &Limit, visit: &mut dyn FnMut(&Expression)) {
    if let CountedBy::Expression(expression) = &limit.counted_by {
        visit(expression);
    }
    limit.cost.iter().for_each(&mut *visit);
    if let Some(Adapt::By {
        limit,
        remaining,
        reset,
        retry_after,
        ..
    }) = &limit.adapt
    {
        [limit, remaining, reset, retry_after]
            .into_iter()
            .flatten()
            .for_each(visit);
    }
}

fn tree_expressions(tree: &Tree, visit: &mut dyn FnMut(&Expression)) {
    match tree {
        Tree::Leaf(template) => template_expressions(template, visit),
        Tree::Array(items) => items.iter().for_each(|item| tree_expressions(item, visit)),
        Tree::Object(entries) => entries
            .iter()
            .for_each(|(_, entry)| tree_expressions(entry, visit)),
    }
}

fn template_expressions(template: &Template, visit: &mut dyn FnMut(&Expression)) {
    match template {
        Template::Literal(_) => {}
        Template::Whole(expression) => visit(expression),
        Template::Mixed(parts) => {
            for part in parts {
                if let Part::Expression(expression) = part {
                    visit(expression);
                }
            }
        }
    }
}

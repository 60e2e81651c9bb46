//! The expressions that the parts of a program hold, one after another: for whoever asks what is read.

use orchid_jmespath::expression::Expression;

use super::{
    Adapt, Advance, Auth, Body, CountedBy, Emit, Limit, Part, Request, Step, Template, Tree, UrlPart,
};

/// Calls `visit` for every expression of a step, those of its sub-steps excepted.
pub fn of_step<'a>(step: &'a Step, visit: &mut dyn FnMut(&'a Expression)) {
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
        .for_each(|template| of_template(template, visit));
    if let Auth::Select(template) = &step.auth {
        of_template(template, visit);
    }
    if let Some(sign) = &step.sign {
        sign.fields
            .iter()
            .chain(&sign.headers)
            .for_each(|(_, template)| of_template(template, visit));
        sign.values.iter().for_each(|(_, expression)| visit(expression));
    }
    of_request(&step.request, visit);
}

fn of_request<'a>(request: &'a Request, visit: &mut dyn FnMut(&'a Expression)) {
    of_template(&request.method, visit);
    for part in &request.url.parts {
        match part {
            UrlPart::Text(_) => {}
            UrlPart::Base(hole) | UrlPart::Segment(hole) | UrlPart::Path(hole) | UrlPart::Query(hole) => {
                of_template(&hole.value, visit);
            }
        }
    }
    request.params.iter().for_each(|(_, tree)| of_tree(tree, visit));
    request
        .headers
        .iter()
        .for_each(|(_, template)| of_template(template, visit));
    match &request.body {
        Body::None => {}
        Body::Value(tree) => of_tree(tree, visit),
        Body::Form(fields) => fields.iter().for_each(|(_, tree)| of_tree(tree, visit)),
        Body::Graphql { query, variables } => {
            of_template(query, visit);
            variables.iter().for_each(|tree| of_tree(tree, visit));
        }
    }
}

/// Calls `visit` for every expression of a limit; those of its figures see `config` only and are not among them.
pub fn of_limit<'a>(limit: &'a Limit, visit: &mut dyn FnMut(&'a Expression)) {
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

fn of_tree<'a>(tree: &'a Tree, visit: &mut dyn FnMut(&'a Expression)) {
    match tree {
        Tree::Leaf(template) => of_template(template, visit),
        Tree::Array(items) => items.iter().for_each(|item| of_tree(item, visit)),
        Tree::Object(entries) => entries.iter().for_each(|(_, entry)| of_tree(entry, visit)),
    }
}

/// Calls `visit` for every expression of a template.
pub fn of_template<'a>(template: &'a Template, visit: &mut dyn FnMut(&'a Expression)) {
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

//! The language's defaults, and those that a document declares for its steps.

use std::time::Duration;

use smol_str::SmolStr;

use super::made::At;
use crate::definition::field::{DurationText, ExpressionText, Map, TemplateText};
use crate::definition::step::{
    ArrayParams, Backoff, Commit, Jitter, Merge, OnError, Plan, Priority, Save, Step,
};
use crate::quantity::format_duration;
use crate::source::text::ScalarKind;

/// What is known of the auth flows where a step names none.
#[derive(Clone, Copy)]
pub(super) enum Flows<'a> {
    /// There is none.
    None,
    /// There is one.
    Only(&'a SmolStr),
    /// There are several: which one is meant cannot be told.
    Several,
}

/// The longest pause between retries, unless the first is longer.
const MAX_BACKOFF: Duration = Duration::from_mins(1);

/// Gives a plan and its steps their auth flow: a step's own, else its parent's, else the defaults', else the
/// only flow there is.
pub(super) fn choose_auth(plan: &mut Step, default: Option<&TemplateText>, flows: Flows<'_>) {
    if plan.auth.is_none() {
        let at = At(&plan.place);
        plan.auth = default.cloned().or_else(|| match flows {
            Flows::None => Some(at.template("none")),
            Flows::Only(name) => Some(at.template(name.as_str())),
            Flows::Several => None,
        });
    }
    hand_down_auth(plan);
}

fn hand_down_auth(step: &mut Step) {
    for child in step.steps.values_mut() {
        if child.value.auth.is_none() {
            child.value.auth.clone_from(&step.auth);
        }
        hand_down_auth(&mut child.value);
    }
}

/// Merges a document's `defaults` into a step and all below it: the step's own value replaces them, headers
/// merge by name. Of fields that exclude each other the step's own wins.
pub(super) fn inherit(step: &mut Step, defaults: &Step) {
    inherit_one(step, defaults);
    for child in step.steps.values_mut() {
        inherit(&mut child.value, defaults);
    }
}

/// As [`inherit`], without the steps below.
pub(super) fn inherit_one(step: &mut Step, defaults: &Step) {
    let has_body = step.body.is_some() || step.form.is_some() || step.graphql.is_some();
    let has_loop = step.r#while.is_some() || step.next_url.is_some() || step.paginate.is_some();
    macro_rules! inherit {
        ($($field:ident)*) => {$(
            if step.$field.is_none() { step.$field.clone_from(&defaults.$field); }
        )*};
    }
    macro_rules! inherit_map {
        ($($field:ident)*) => {$(
            if step.$field.is_empty() { step.$field.clone_from(&defaults.$field); }
        )*};
    }
    inherit!(method url array_params sign timeout max_request_bytes max_response_bytes);
    inherit!(iterate_over concurrency when unique_by);
    inherit!(break_when loop_wait loop_timeout max_iterations);
    inherit!(abort_when skip_when refresh_when throttled_when throttle_timeout);
    inherit!(retry_when max_retries backoff success_when on_error);
    inherit!(parse emit topic key priority);
    inherit_map!(params vars save);
    if !has_body {
        inherit!(body form graphql);
    }
    if !has_loop {
        inherit!(r#while next_url paginate);
    }
    merge_headers(&mut step.headers, &defaults.headers);
}

/// Adds the headers that are not there yet, in front; names match regardless of case (RFC 9110, section 5.1).
fn merge_headers(headers: &mut Map<TemplateText>, defaults: &Map<TemplateText>) {
    let mut merged: Map<TemplateText> = defaults
        .iter()
        .filter(|(name, _)| !headers.keys().any(|own| own.eq_ignore_ascii_case(name)))
        .map(|(name, entry)| (name.clone(), entry.clone()))
        .collect();
    merged.append(headers);
    *headers = merged;
}

/// Whether a step runs once per item, by its own list or one above it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PerItem {
    Yes,
    No,
}

/// Fills in the language's defaults of a plan and all its steps.
pub(super) fn fill_plan(plan: &mut Plan) {
    let place = plan.place.clone();
    let at = At(&place);
    if plan.wait.is_some() || plan.schedule.is_some() {
        plan.jitter.get_or_insert_with(|| at.duration("0s"));
    }
    plan.run_timeout.get_or_insert_with(|| at.duration("24h"));
    plan.enabled.get_or_insert_with(|| at.spanned(true));
    if let Some(window) = &mut plan.window {
        let place = window.place.clone();
        let at = At(&place);
        window.granularity.get_or_insert_with(|| at.duration("1s"));
        window.lookback.get_or_insert_with(|| at.duration("0s"));
        // With `to`, the end is what it says.
        if window.to.is_none() {
            window.lag.get_or_insert_with(|| at.duration("0s"));
        }
    }
    fill_step(&mut plan.step, PerItem::No);
}

fn fill_step(step: &mut Step, above: PerItem) {
    fill_request(step);
    let per_item = if step.iterate_over.is_some() {
        PerItem::Yes
    } else {
        above
    };
    let place = step.place.clone();
    let at = At(&place);
    step.concurrency.get_or_insert_with(|| at.spanned(50));
    if step.r#while.is_some() || step.next_url.is_some() {
        step.max_iterations.get_or_insert_with(|| at.spanned(10_000));
    }
    let on_error = if per_item == PerItem::Yes {
        OnError::Continue
    } else {
        OnError::Fail
    };
    step.on_error.get_or_insert_with(|| at.spanned(on_error));
    step.emit
        .get_or_insert_with(|| at.literal(ScalarKind::Boolean, "true"));
    step.priority.get_or_insert_with(|| at.spanned(Priority::Normal));
    for save in step.save.values_mut() {
        fill_save(&mut save.value);
    }
    for child in step.steps.values_mut() {
        fill_step(&mut child.value, per_item);
    }
}

/// Fills in what every request has, also that of an auth flow.
pub(super) fn fill_request(step: &mut Step) {
    let place = step.place.clone();
    let at = At(&place);
    let has_body = step.body.is_some() || step.form.is_some() || step.graphql.is_some();
    step.method
        .get_or_insert_with(|| at.template(if has_body { "POST" } else { "GET" }));
    step.array_params
        .get_or_insert_with(|| at.spanned(ArrayParams::Repeat));
    step.timeout.get_or_insert_with(|| at.duration("5m"));
    step.max_request_bytes.get_or_insert_with(|| at.size("5MiB"));
    step.max_response_bytes.get_or_insert_with(|| at.size("10MiB"));
    step.throttle_timeout.get_or_insert_with(|| at.duration("1h"));
    step.max_retries.get_or_insert_with(|| at.spanned(5));
    let backoff = step.backoff.get_or_insert_with(|| Backoff {
        base: None,
        max: None,
        jitter: None,
        place: place.clone(),
    });
    backoff.base.get_or_insert_with(|| at.duration("1s"));
    let base = backoff.base.as_ref().and_then(DurationText::duration);
    let max = base.map_or(MAX_BACKOFF, |base| base.max(MAX_BACKOFF));
    backoff
        .max
        .get_or_insert_with(|| at.duration(&format_duration(max)));
    backoff.jitter.get_or_insert_with(|| at.spanned(Jitter::Equal));
}

fn fill_save(save: &mut Save) {
    let settings = match save {
        Save::Value(ExpressionText(_)) => return,
        Save::Settings(settings) => settings,
    };
    let place = settings.place.clone();
    let at = At(&place);
    if settings.key.is_none() {
        settings.merge.get_or_insert_with(|| at.spanned(Merge::Last));
    }
    settings.commit.get_or_insert_with(|| at.spanned(Commit::Run));
}

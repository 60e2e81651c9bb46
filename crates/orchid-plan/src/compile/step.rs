//! A step and the steps below it.

use std::sync::Arc;
use std::time::Duration;

use orchid_jmespath::expression::Expression;
use orchid_jmespath::shape::Shape;
use orchid_jmespath::value::{Kind, Value};
use smol_str::{SmolStr, format_smolstr};

use super::state::{Repetition, SavedNames};
use super::{Compiler, facts};
use crate::definition::field::{DurationText, ExpressionText, Spanned};
use crate::definition::step::{self as written, Step as Written};
use crate::diagnostic::codes;
use crate::program::{Advance, FlowId, Limit, LimitId, Matching, OnError, Priority, Step};
use crate::shapes::{Scope, Site, Surroundings, names};
use crate::source::text::Place;

/// The language's defaults (section 5).
const TIMEOUT: Duration = Duration::from_mins(5);
const MAX_REQUEST_BYTES: u64 = 5 << 20;
const MAX_RESPONSE_BYTES: u64 = 10 << 20;
const CONCURRENCY: usize = 50;
const MAX_ITERATIONS: u64 = 10_000;

/// Where a step stands.
#[derive(Clone)]
pub(super) struct StepSite<'a> {
    pub(super) name: SmolStr,
    pub(super) path: SmolStr,
    /// Where its name stands.
    pub(super) key: Place,
    pub(super) level: usize,
    pub(super) role: Role,
    /// What surrounds it, all but what it brings itself (item, vars, auth, keyed fields).
    pub(super) around: Surroundings,
    pub(super) repetition: Repetition,
    pub(super) limits: &'a [Limit],
    /// `split_when` of the plan's window, which judges every response.
    pub(super) split_when: Option<&'a Expression>,
}

/// What a step is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A plan or a step below one.
    Plan,
    /// A request of an auth flow.
    Flow(FlowId),
}

impl Compiler<'_> {
    /// Compiles a step and all below it.
    pub(super) fn step(&mut self, step: &Written, mut site: StepSite<'_>) -> Arc<Step> {
        let iterate_over = step
            .iterate_over
            .as_ref()
            .map(|text| self.iterate_over(text, &site.around));
        if iterate_over.is_some() {
            site.around.item = Some(Shape::Any);
            site.repetition = Repetition::PerItem;
        }
        site.around.vars = (!step.vars.is_empty()).then(|| names(step.vars.keys().cloned()));
        site.around.saved_item = Some(names(SavedNames::of_step(step).keyed));
        let auth = self.auth_of_step(step, &mut site);
        let steps = self.sub_steps(step, &site);
        let around = &site.around;
        let (item, build, response) = (
            around.scope(Site::Item),
            around.scope(Site::Request),
            around.scope(Site::Response),
        );
        let advance = self.advance(step, &response);
        self.check_loop(step, &advance);
        let on_error = if site.repetition == Repetition::PerItem {
            OnError::Continue
        } else {
            OnError::Fail
        };
        let iterates = iterate_over.is_some();
        let mut compiled = Step {
            request: self.request(step, &site.key, &build),
            auth,
            sign: step.sign.as_ref().map(|sign| self.sign(sign, around, &site.path)),
            timeout: self.length(step.timeout.as_ref(), TIMEOUT),
            max_request_bytes: self.size(step.max_request_bytes.as_ref(), MAX_REQUEST_BYTES),
            max_response_bytes: self.size(step.max_response_bytes.as_ref(), MAX_RESPONSE_BYTES),
            iterate_over,
            concurrency: figure(step.concurrency.as_ref(), CONCURRENCY),
            when: self.optional_condition(step.when.as_ref(), &item),
            unique_by: self.optional(step.unique_by.as_ref().filter(|_| iterates), &item),
            break_when: self.optional_condition(step.break_when.as_ref(), &response),
            advance,
            loop_wait: step
                .loop_wait
                .as_ref()
                .and_then(DurationText::duration)
                .filter(|wait| !wait.is_zero()),
            loop_timeout: step
                .loop_timeout
                .as_ref()
                .map(|text| self.length(Some(text), Duration::ZERO)),
            max_iterations: figure(step.max_iterations.as_ref(), MAX_ITERATIONS),
            vars: self.vars(step, around),
            judge: self.judge(step, &response, on_error),
            parse: step.parse.as_ref().map(|parse| self.parse(parse)),
            save: self.save(step, around, site.repetition),
            emit: self.emit(step.emit.as_ref(), &response),
            topic: self.optional_template(step.topic.as_ref(), &response),
            key: self.optional_template(step.key.as_ref(), &response),
            priority: match step.priority.as_ref().map(|spanned| spanned.value) {
                Some(written::Priority::High) => Priority::High,
                None | Some(written::Priority::Normal) => Priority::Normal,
                Some(written::Priority::Low) => Priority::Low,
            },
            limits: limits_of(site.limits, &site.path, site.role),
            steps,
            name: site.name,
            path: site.path,
            level: site.level,
            reads_body: true,
            checks_progress: false,
            handed_down: Vec::new(),
        };
        compiled.handed_down = facts::handed_down(&compiled);
        compiled.reads_body =
            site.role != Role::Plan || facts::reads_body(&compiled, site.limits, site.split_when);
        compiled.checks_progress = facts::checks_progress(&compiled);
        Arc::new(compiled)
    }

    fn sub_steps(&mut self, step: &Written, above: &StepSite<'_>) -> Vec<Arc<Step>> {
        if above.level >= self.bounds.nesting
            && let Some(entry) = step.steps.values().next()
        {
            let message = format!(
                "steps are nested deeper than {} levels below the plan",
                self.bounds.nesting
            );
            let help = "let a step nearer to the plan do more, or make it a plan of its own";
            self.error(codes::STEP_NESTING, &entry.key, message, help);
            return Vec::new();
        }
        let around = above.around.below();
        step.steps
            .iter()
            .map(|(name, entry)| {
                let site = StepSite {
                    name: name.clone(),
                    key: entry.key.clone(),
                    path: format_smolstr!("{}/{name}", above.path),
                    level: above.level + 1,
                    around: around.clone(),
                    ..above.clone()
                };
                self.step(&entry.value, site)
            })
            .collect()
    }

    fn advance(&mut self, step: &Written, scope: &Scope) -> Advance {
        match (&step.r#while, &step.next_url) {
            (Some(text), _) => Advance::While(self.condition(text, scope)),
            (None, Some(text)) => Advance::NextUrl(self.next_url(text, scope)),
            (None, None) => Advance::Once,
        }
    }

    fn next_url(&mut self, text: &ExpressionText, scope: &Scope) -> Expression {
        let before = self.diagnostics.len();
        let expression = self.expression(text, scope);
        if self.diagnostics.len() == before
            && let Some(value) = expression.constant()
        {
            let message = if value.is_truthy() {
                "`next_url` is the same whatever comes back"
            } else {
                "`next_url` never gives a URL"
            };
            self.warn(
                codes::EXPRESSION_CONSTANT,
                &text.0.place,
                message,
                "read it out of the `response`",
            );
        }
        expression
    }

    /// Warns of fields of a loop or a list where there is none, and of a loop that has no end.
    fn check_loop(&mut self, step: &Written, advance: &Advance) {
        // What `defaults` gives to all steps is of use to some of them.
        let is_own = |place: &Place| {
            step.place.span.start <= place.span.start && place.span.end <= step.place.span.end
        };
        let of_expression = |text: &Option<ExpressionText>| text.as_ref().map(|text| text.0.place.clone());
        let of_duration = |text: &Option<DurationText>| text.as_ref().map(|text| text.0.place.clone());
        let fields = [
            ("break_when", of_expression(&step.break_when)),
            ("loop_wait", of_duration(&step.loop_wait)),
            ("loop_timeout", of_duration(&step.loop_timeout)),
            (
                "max_iterations",
                step.max_iterations.as_ref().map(|spanned| spanned.place.clone()),
            ),
        ];
        if matches!(advance, Advance::Once) {
            for (name, place) in fields {
                if let Some(place) = place.filter(is_own) {
                    let message = format!("`{name}` has no effect, for the step has no loop");
                    self.warn(
                        codes::STEP_NO_LOOP,
                        &place,
                        message,
                        "add `while`, `next_url` or `paginate`",
                    );
                }
            }
        }
        if let Some(place) = of_expression(&step.unique_by).filter(is_own)
            && step.iterate_over.is_none()
        {
            let message = "`unique_by` has no effect, for the step iterates over nothing";
            self.warn(codes::STEP_NO_LOOP, &place, message, "add `iterate_over`");
        }
        if let (Advance::While(condition), Some(text)) = (advance, &step.r#while)
            && condition.constant().is_some_and(Value::is_truthy)
            && step.break_when.is_none()
            && step.loop_timeout.is_none()
        {
            let message = "this loop ends by an error only: after `max_iterations`";
            self.warn(
                codes::STEP_ENDLESS,
                &text.0.place,
                message,
                "add `break_when`, or a condition that changes",
            );
        }
    }

    fn iterate_over(&mut self, text: &ExpressionText, around: &Surroundings) -> Expression {
        let expression = self.expression(text, &around.scope(Site::FanOut));
        if let Some(value) = expression.constant()
            && !matches!(value.kind(), Kind::Array | Kind::Null)
        {
            let help = "it takes a list, as `parent.body.users` or `range(0, 20)`";
            self.error(
                codes::STEP_ITERATE_OVER,
                &text.0.place,
                "`iterate_over` is no list",
                help,
            );
        }
        expression
    }
}

/// A figure whose range has been checked, or the default.
fn figure<T: TryFrom<u64>>(written: Option<&Spanned<u64>>, default: T) -> T {
    written
        .and_then(|written| T::try_from(written.value).ok())
        .unwrap_or(default)
}

/// The limits that can apply to a step's requests, as far as that is known before there is a URL.
fn limits_of(limits: &[Limit], path: &str, role: Role) -> Vec<LimitId> {
    let applies = |limit: &Limit| match role {
        Role::Plan => {
            limit.matching.is_empty()
                || limit.matching.iter().any(|matching| match matching {
                    Matching::Endpoint { .. } => true,
                    Matching::Step(step) => step == path,
                    Matching::Flow(_) => false,
                })
        }
        // A flow takes only limits that name it or match its URL.
        Role::Flow(flow) => limit.matching.iter().any(|matching| match matching {
            Matching::Endpoint { .. } => true,
            Matching::Step(_) => false,
            Matching::Flow(named) => *named == flow,
        }),
    };
    limits
        .iter()
        .enumerate()
        .filter(|(_, limit)| applies(limit))
        .map(|(index, _)| LimitId(index))
        .collect()
}

//! Rate limits.

use globset::{GlobBuilder, GlobMatcher};
use orchid_jmespath::shape::Shape;
use orchid_jmespath::value::Value;
use smol_str::SmolStr;

use super::Compiler;
use super::request::{is_token, nearest};
use crate::definition::field::{Spanned, TemplateText};
use crate::definition::limit::{self as written, RateLimit};
use crate::definition::step::Step;
use crate::diagnostic::codes;
use crate::program::{Adapt, CountedBy, FlowId, Limit, LimitWindow, Matching, Template};
use crate::quantity;
use crate::shapes::{Scope, Site, Surroundings, open};

impl Compiler<'_> {
    pub(super) fn compile_limits(&mut self) -> Vec<Limit> {
        let definition = self.definition;
        let steps: Vec<String> = step_paths(definition);
        definition
            .rate_limits
            .iter()
            .map(|(name, entry)| self.limit(name, &entry.value, &steps))
            .collect()
    }

    fn limit(&mut self, name: &SmolStr, limit: &RateLimit, steps: &[String]) -> Limit {
        // Which step a limit meets is not known: what steps differ in is anything here.
        let around = Surroundings {
            window: true,
            parent: Some(Shape::Any),
            auth: Some(Shape::Any),
            item: Some(Shape::Any),
            ..self.surroundings()
        };
        let loose = |scope: Scope| scope.with("vars", open()).with("context", open());
        let settings = around.scope(Site::Settings);
        let key = loose(around.scope(Site::Key));
        let response = loose(around.scope(Site::Response));
        let windows = self.limit_windows(limit, &settings);
        let adaptive = limit
            .concurrency
            .as_ref()
            .is_some_and(|text| text.0.value == "auto");
        if adaptive {
            self.not_yet.push(format!(
                "`rate_limits.{name}.concurrency: auto` is run by a later version"
            ));
        }
        let adapt = limit
            .adapt
            .as_ref()
            .map(|adapt| self.adapt(name, adapt, limit, &response));
        Limit {
            name: name.clone(),
            windows,
            concurrency: limit
                .concurrency
                .as_ref()
                .filter(|_| !adaptive)
                .map(|text| self.count(text, "`concurrency`", &settings)),
            adaptive,
            matching: limit
                .r#match
                .iter()
                .flatten()
                .filter_map(|matching| self.matching(matching, steps))
                .collect(),
            counted_by: match &limit.counted_by {
                None => CountedBy::Config,
                Some(text) => match text.0.value.as_str() {
                    "config" => CountedBy::Config,
                    "integration" => CountedBy::Integration,
                    _ => CountedBy::Expression(self.expression(text, &key)),
                },
            },
            cost: self.optional(limit.cost.as_ref(), &key),
            adapt,
        }
    }

    fn limit_windows(&mut self, limit: &RateLimit, scope: &Scope) -> Vec<LimitWindow> {
        let several = limit
            .windows
            .iter()
            .flatten()
            .map(|window| (&window.requests, &window.per));
        let one = limit.requests.iter().zip(&limit.per);
        let written: Vec<_> = one.chain(several).collect();
        written
            .into_iter()
            .map(|(requests, per)| LimitWindow {
                requests: self.count(requests, "`requests`", scope),
                per: self.span_of_time(per, scope),
            })
            .collect()
    }

    /// A figure that is at least 1 where it is written out.
    fn count(&mut self, text: &TemplateText, field: &str, scope: &Scope) -> Template {
        let template = self.template(text, scope);
        if let Template::Literal(value) = &template
            && value
                .as_i64()
                .or_else(|| value.as_str()?.parse().ok())
                .is_none_or(|figure: i64| figure < 1)
        {
            let message = format!("{field} is `{}`, which is no whole number above 0", text.0.value);
            self.error(
                codes::LIMIT_FIGURE,
                &text.0.place,
                message,
                "write one, or a template of `config`",
            );
        }
        template
    }

    /// A duration above 0 where it is written out.
    fn span_of_time(&mut self, text: &TemplateText, scope: &Scope) -> Template {
        let template = self.template(text, scope);
        if let Template::Literal(_) = &template {
            match quantity::duration(&text.0.value) {
                Ok(duration) if !duration.is_zero() => {
                    return Template::Literal(Value::from(text.0.value.as_str()));
                }
                Ok(_) => self.error(
                    codes::LIMIT_FIGURE,
                    &text.0.place,
                    "`per` is zero",
                    "write a longer one",
                ),
                Err(error) => {
                    let help = error.help.clone().unwrap_or_default();
                    self.error(codes::FIELD_QUANTITY, &text.0.place, &error.message, &help);
                }
            }
        }
        template
    }

    fn matching(&mut self, matching: &written::Matching, steps: &[String]) -> Option<Matching> {
        match (&matching.step, &matching.auth) {
            (Some(step), _) => self.matching_step(step, steps),
            (None, Some(flow)) => self.flow_named(flow).map(Matching::Flow),
            (None, None) => self.matching_endpoint(matching),
        }
    }

    fn matching_step(&mut self, step: &Spanned<SmolStr>, steps: &[String]) -> Option<Matching> {
        if steps.iter().any(|path| path == step.value.as_str()) {
            return Some(Matching::Step(step.value.clone()));
        }
        let names: Vec<&str> = steps.iter().map(String::as_str).collect();
        let help = match nearest(&step.value, &names) {
            Some(near) => format!("did you mean `{near}`?"),
            None if names.len() <= 8 => format!("there are `{}`", names.join("`, `")),
            None => "write the names from the plan down, as `plan/step/step`".to_owned(),
        };
        self.error(
            codes::LIMIT_MATCH,
            &step.place,
            format!("there is no step `{}`", step.value),
            &help,
        );
        None
    }

    fn matching_endpoint(&mut self, matching: &written::Matching) -> Option<Matching> {
        if let Some(method) = matching.method.as_ref().filter(|method| !is_token(&method.value)) {
            let message = format!("`{}` is not an HTTP method", method.value.escape_debug());
            self.error(
                codes::REQUEST_METHOD,
                &method.place,
                message,
                "write `GET`, `POST`, `PUT`, `PATCH` or `DELETE`",
            );
        }
        let path = match &matching.path {
            None => glob("/**").ok(),
            Some(path) => match glob(&path.value) {
                Ok(glob) => Some(glob),
                Err(reason) => {
                    let help = "`*` stands for anything within a segment, `**` across segments";
                    self.error(
                        codes::LIMIT_MATCH,
                        &path.place,
                        format!("`{}` {reason}", path.value),
                        help,
                    );
                    None
                }
            },
        };
        let method = matching
            .method
            .as_ref()
            .map(|method| SmolStr::from(method.value.to_uppercase()));
        path.map(|path| Matching::Endpoint { method, path })
    }

    fn flow_named(&mut self, name: &Spanned<SmolStr>) -> Option<FlowId> {
        if let Some(flow) = self.flows.get(&name.value) {
            return Some(flow.id);
        }
        self.unknown_flow(&name.value, &name.place);
        None
    }

    fn adapt(&mut self, name: &SmolStr, adapt: &written::Adapt, limit: &RateLimit, scope: &Scope) -> Adapt {
        if let Some(windows) = limit.windows.as_ref().filter(|windows| windows.len() > 1) {
            let message = format!(
                "`adapt` learns one figure, but the limit `{name}` has {} windows",
                windows.len()
            );
            let help = "split the limit in two, one of them without `adapt`";
            self.error(codes::LIMIT_ADAPT, &limit.place, message, help);
        }
        let later = |field: &str| format!("`rate_limits.{name}.adapt{field}` is run by a later version");
        match adapt {
            written::Adapt::Auto(_) => {
                self.not_yet.push(later(": auto"));
                Adapt::Auto
            }
            written::Adapt::By(by) => {
                for (field, text) in [
                    (".limit", &by.limit),
                    (".remaining", &by.remaining),
                    (".reset", &by.reset),
                ] {
                    if text.is_some() {
                        self.not_yet.push(later(field));
                    }
                }
                Adapt::By {
                    limit: self.optional(by.limit.as_ref(), scope),
                    remaining: self.optional(by.remaining.as_ref(), scope),
                    reset: self.optional(by.reset.as_ref(), scope),
                    retry_after: self.optional(by.retry_after.as_ref(), scope),
                    format: by
                        .format
                        .as_ref()
                        .map(|format| SmolStr::new_static(format.value.as_str())),
                }
            }
        }
    }
}

/// A glob over the path of a URL.
fn glob(text: &str) -> Result<GlobMatcher, String> {
    if !text.starts_with('/') && !text.starts_with("**") {
        return Err("does not start with `/`, as every path does".to_owned());
    }
    let glob = GlobBuilder::new(text)
        .literal_separator(true)
        .backslash_escape(true)
        .build();
    glob.map(|glob| glob.compile_matcher())
        .map_err(|error| format!("is no glob: {}", error.kind()))
}

/// Paths of all steps, plans included.
fn step_paths(definition: &crate::definition::Definition) -> Vec<String> {
    fn add(path: String, step: &Step, paths: &mut Vec<String>) {
        for (name, entry) in &step.steps {
            add(format!("{path}/{name}"), &entry.value, paths);
        }
        paths.push(path);
    }
    let mut paths = Vec::new();
    for (name, entry) in &definition.plans {
        add(name.to_string(), &entry.value.step, &mut paths);
    }
    paths
}

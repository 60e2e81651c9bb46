//! Auth flows, which of them is in force for a step, and request signing.
//!
//! Kinds of flows have been expanded to the general flow before. A flow's requests see no item, unless a token is
//! kept per value of `cached_by`.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use orchid_jmespath::expression::Expression;
use orchid_jmespath::shape::Shape;
use orchid_jmespath::value::Value;
use smol_str::{SmolStr, format_smolstr};

use super::request::nearest;
use super::state::Repetition;
use super::step::{Role, StepSite};
use super::text::literal_warning;
use super::{Compiler, FlowFacts};
use crate::definition::Definition;
use crate::definition::auth::Flow as Written;
use crate::definition::field::{ExpressionText, Map, TemplateText};
use crate::definition::step::{Sign as WrittenSign, Step as WrittenStep};
use crate::diagnostic::{Diagnostic, codes};
use crate::program::{Attach, Auth, Expiry, Flow, FlowId, FlowStep, Limit, Sign, Skew, Step, Template};
use crate::quantity;
use crate::shapes::{Scope, Site, Surroundings, closed, names, open};
use crate::source::text::{Place, ScalarKind};

/// The language's default (section 7).
const SKEW: Skew = Skew::Time(Duration::from_mins(1));

impl Compiler<'_> {
    /// Numbers the flows and notes what each puts out, before anything refers to them.
    pub(super) fn survey_flows(&mut self) {
        for (index, (name, entry)) in self.definition.auth.iter().enumerate() {
            let facts = FlowFacts {
                id: FlowId(index),
                outputs: names(outputs_of(&entry.value)),
            };
            self.flows.insert(name.clone(), facts);
        }
    }

    pub(super) fn compile_flows(&mut self, limits: &[Limit]) -> Vec<Flow> {
        let definition = self.definition;
        definition
            .auth
            .iter()
            .map(|(name, entry)| self.flow(name, &entry.value, limits))
            .collect()
    }

    fn flow(&mut self, name: &SmolStr, flow: &Written, limits: &[Limit]) -> Flow {
        let outputs = outputs_of(flow);
        let wanted = self.around_flow(WhoAsks::Seen, Some(names(outputs.iter().cloned())));
        let asks = if flow.cached_by.is_some() {
            WhoAsks::Seen
        } else {
            WhoAsks::Unseen
        };
        // The first request sees no output; what comes after it sees those that came before.
        let first = self.around_flow(asks, None);
        let later = self.around_flow(asks, Some(names(outputs.iter().cloned())));
        let response = later.scope(Site::Response);
        let request = flow
            .request
            .as_ref()
            .map(|step| self.flow_step(step, name, "", first, limits));
        let mut steps = Vec::new();
        for (index, step) in flow.steps.iter().flatten().enumerate() {
            let suffix = format!("/{index}");
            steps.push(FlowStep {
                request: self.flow_step(&step.request, name, &suffix, later.clone(), limits),
                output: self.outputs(&step.output, &response),
            });
        }
        let refresh = flow
            .refresh
            .as_ref()
            .map(|step| self.flow_step(step, name, "/refresh", later.clone(), limits));
        if let Some(secret) = &flow.rotates {
            let sentence = format!(
                "`auth.{name}` keeps the config secret `{}` up to date, which needs the service; a later version has it",
                secret.value
            );
            self.not_yet.push(sentence);
        }
        let ttl = flow
            .ttl
            .as_ref()
            .map(|text| self.length(Some(text), Duration::ZERO));
        Flow {
            name: name.clone(),
            request,
            steps,
            output: self.outputs(&flow.output, &response),
            refresh,
            expiry: match (&flow.expires_in, &flow.expires_at, ttl) {
                (Some(text), _, ttl) => Expiry::In(self.expression(text, &response), ttl),
                (None, Some(text), ttl) => Expiry::At(self.expression(text, &response), ttl),
                (None, None, Some(ttl)) => Expiry::After(ttl),
                (None, None, None) => Expiry::Unknown,
            },
            skew: self.skew(flow, ttl),
            cached_by: self.optional(
                flow.cached_by.as_ref(),
                &self.around_flow(WhoAsks::Seen, None).scope(Site::Key),
            ),
            public: self.public(flow, &outputs),
            attach: self.attach(flow, &wanted.scope(Site::Attach)),
            rotates: flow.rotates.as_ref().map(|secret| secret.value.clone()),
        }
    }

    /// What surrounds the requests of a flow, or (seen) the place where its credentials are wanted.
    fn around_flow(&self, asks: WhoAsks, auth: Option<Shape>) -> Surroundings {
        let seen = || (asks == WhoAsks::Seen).then_some(Shape::Any);
        Surroundings {
            parent: seen(),
            item: seen(),
            auth,
            ..self.surroundings()
        }
    }

    fn flow_step(
        &mut self,
        step: &WrittenStep,
        flow: &SmolStr,
        suffix: &str,
        around: Surroundings,
        limits: &[Limit],
    ) -> Arc<Step> {
        let id = self.flows.get(flow).map_or(FlowId(0), |facts| facts.id);
        let site = StepSite {
            name: flow.clone(),
            path: format_smolstr!("auth:{flow}{suffix}"),
            level: 0,
            role: Role::Flow(id),
            around,
            repetition: Repetition::Once,
            limits,
            key: step.place.clone(),
            split_when: None,
        };
        self.step(step, site)
    }

    fn outputs(&mut self, outputs: &Map<ExpressionText>, scope: &Scope) -> Vec<(SmolStr, Expression)> {
        outputs
            .iter()
            .map(|(name, entry)| (name.clone(), self.expression(&entry.value, scope)))
            .collect()
    }

    fn public(&mut self, flow: &Written, outputs: &[SmolStr]) -> BTreeSet<SmolStr> {
        for name in flow
            .public
            .iter()
            .flatten()
            .filter(|name| !outputs.contains(&name.value))
        {
            let known: Vec<&str> = outputs.iter().map(SmolStr::as_str).collect();
            let help = match nearest(&name.value, &known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "name fields of `output`".to_owned(),
            };
            self.error(
                codes::AUTH_OUTPUT,
                &name.place,
                format!("the flow has no output `{}`", name.value),
                &help,
            );
        }
        flow.public
            .iter()
            .flatten()
            .map(|name| name.value.clone())
            .collect()
    }

    fn attach(&mut self, flow: &Written, scope: &Scope) -> Attach {
        let Some(attach) = &flow.attach else {
            return Attach::default();
        };
        Attach {
            headers: self.headers(&attach.headers, scope),
            params: self.templates(&attach.params, scope),
            cookies: self.templates(&attach.cookies, scope),
        }
    }

    fn skew(&mut self, flow: &Written, ttl: Option<Duration>) -> Skew {
        let Some(TemplateText(text)) = &flow.skew else {
            return SKEW;
        };
        if let Some(percent) = text
            .value
            .strip_suffix('%')
            .and_then(|share| share.trim().parse::<f64>().ok())
        {
            if (0.0..=50.0).contains(&percent) {
                return Skew::Share(percent / 100.0);
            }
            let help = "a token is used for at least half of its lifetime: write 0% to 50%";
            self.error(
                codes::AUTH_SKEW,
                &text.place,
                format!("`skew: {}` is out of range", text.value),
                help,
            );
            return SKEW;
        }
        match quantity::duration(&text.value) {
            Ok(skew) => {
                // What sugar fills in stands at the flow's own place.
                if let Some(ttl) = ttl.filter(|ttl| skew > *ttl / 2 && text.place != flow.place) {
                    let message = format!(
                        "`skew` is more than half of `ttl`, so that {} is used",
                        quantity::format_duration(ttl / 2)
                    );
                    self.warn(codes::AUTH_SKEW, &text.place, message, "make it shorter");
                }
                Skew::Time(skew)
            }
            Err(error) => {
                let help = "write a duration as `60s`, or a share as `20%`";
                self.error(codes::AUTH_SKEW, &text.place, error.message, help);
                SKEW
            }
        }
    }

    /// The flow in force for a step of a plan; `auth` becomes what it puts out.
    pub(super) fn auth_of_step(&mut self, step: &WrittenStep, site: &mut StepSite<'_>) -> Auth {
        if site.role != Role::Plan {
            return Auth::None;
        }
        let Some(text) = &step.auth else {
            if self.flows.len() > 1 && site.level == 0 {
                let message = "no auth flow is chosen, though the document has several: nothing is attached";
                let help = "name one with `auth`, or write `auth: none`";
                self.warn(codes::AUTH_NOT_CHOSEN, &site.key, message, help);
            }
            return Auth::None;
        };
        let scope = site.around.scope(Site::AuthChoice);
        match self.auth_named(text, &scope) {
            Template::Literal(name) => match name.as_str() {
                None | Some("none") => Auth::None,
                Some(name) => match self.flows.get(name).cloned() {
                    Some(facts) => {
                        site.around.auth = Some(facts.outputs);
                        Auth::Flow(facts.id)
                    }
                    None => {
                        self.unknown_flow(name, &text.0.place);
                        // Whether `auth.x` exists is not the question then.
                        site.around.auth = Some(open());
                        Auth::None
                    }
                },
            },
            template => {
                site.around.auth = Some(open());
                Auth::Select(template)
            }
        }
    }

    fn auth_named(&mut self, text: &TemplateText, scope: &Scope) -> Template {
        if text.0.kind != ScalarKind::String && text.0.kind != ScalarKind::Null {
            let message = format!("`auth: {}` names no flow", text.0.value);
            self.error(
                codes::AUTH_UNKNOWN,
                &text.0.place,
                message,
                "write a flow's name, or `none`",
            );
        }
        self.template(text, scope)
    }

    pub(super) fn unknown_flow(&mut self, name: &str, place: &Place) {
        let known: Vec<&str> = self.flows.keys().map(SmolStr::as_str).collect();
        let help = match nearest(name, &known) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => "declare it under `auth` of the document".to_owned(),
            None => format!("the document declares `{}`", known.join("`, `")),
        };
        self.error(
            codes::AUTH_UNKNOWN,
            place,
            format!("there is no auth flow `{name}`"),
            &help,
        );
    }

    pub(super) fn sign(&mut self, sign: &WrittenSign, around: &Surroundings, path: &str) -> Sign {
        self.not_yet
            .push(format!("`sign` of `{path}` is run by a later version"));
        let (plain, request) = (around.scope(Site::Request), around.scope(Site::Sign));
        if let Some(aws) = &sign.aws_sigv4 {
            let fields = [
                ("region", Some(&aws.region)),
                ("service", Some(&aws.service)),
                ("access_key", Some(&aws.access_key)),
                ("secret_key", Some(&aws.secret_key)),
                ("session_token", aws.session_token.as_ref()),
            ];
            let fields = fields
                .into_iter()
                .filter_map(|(name, text)| Some((SmolStr::new_static(name), self.template(text?, &plain))));
            let fields = fields.collect();
            return Sign {
                kind: "aws_sigv4".into(),
                fields,
                values: Vec::new(),
                headers: Vec::new(),
            };
        }
        let Some(hmac) = &sign.hmac else {
            return Sign {
                kind: "hmac".into(),
                fields: Vec::new(),
                values: Vec::new(),
                headers: Vec::new(),
            };
        };
        let text = request
            .with("sign", names(hmac.values.keys().cloned()))
            .with("request", signed_request());
        let headers = text.clone().with("signature", Shape::Scalar);
        let mut fields = vec![
            ("algorithm".into(), self.template(&hmac.algorithm, &plain)),
            ("key".into(), self.template(&hmac.key, &plain)),
            ("text".into(), self.template(&hmac.text, &text)),
        ];
        if let Some(encoding) = &hmac.encoding {
            let value = Value::from(encoding.value.as_str());
            fields.push(("encoding".into(), Template::Literal(value)));
        }
        Sign {
            kind: "hmac".into(),
            fields,
            values: self.outputs(&hmac.values, &plain),
            headers: self.headers(&hmac.headers, &headers),
        }
    }
}

/// Whether a flow's expressions see the step that asks for its credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WhoAsks {
    Seen,
    Unseen,
}

/// All that a flow puts out: of its request and of its further steps.
fn outputs_of(flow: &Written) -> Vec<SmolStr> {
    let steps = flow.steps.iter().flatten().flat_map(|step| step.output.keys());
    flow.output.keys().chain(steps).cloned().collect()
}

/// Of `request` in the templates of `sign`.
fn signed_request() -> Shape {
    closed([
        ("method", Shape::Scalar),
        ("url", Shape::Scalar),
        ("host", Shape::Scalar),
        ("path", Shape::Scalar),
        ("query", Shape::Scalar),
        ("headers", open()),
        ("body_hash", Shape::Scalar),
    ])
}

/// Warns of literal texts in the fields of a flow's kind, as the author wrote them: expanded, they are parts of others.
pub(super) fn literals_of_flows(definition: &Definition) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    for flow in definition.auth.values().map(|entry| &entry.value) {
        let fields = [
            &flow.value,
            &flow.token,
            &flow.username,
            &flow.password,
            &flow.client_id,
            &flow.client_secret,
            &flow.audience,
            &flow.refresh_token,
            &flow.key,
            &flow.algorithm,
            &flow.key_id,
        ];
        let several = flow
            .extra
            .values()
            .chain(flow.headers.values())
            .map(|entry| &entry.value);
        for TemplateText(text) in fields.into_iter().flatten().chain(several) {
            diagnostics
                .extend(literal_warning(&text.value, text).filter(|_| text.kind == ScalarKind::String));
        }
    }
    diagnostics
}

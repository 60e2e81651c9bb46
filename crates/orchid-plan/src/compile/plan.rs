//! Plans: schedule, window, and the step at level 0. Also what the whole integration has: config, HTTP settings.

use std::collections::BTreeSet;
use std::time::Duration;

use indexmap::IndexMap;
use smol_str::SmolStr;

use super::Compiler;
use super::state::{Repetition, SavedNames};
use super::step::{Role, StepSite};
use crate::definition::field::DurationText;
use crate::definition::step as written;
use crate::diagnostic::codes;
use crate::program::{ConfigSchema, Http, Limit, Plan, Window};
use crate::schedule::{Cron, Schedule, ScheduleError};
use crate::shapes::{Site, Surroundings, names};
use crate::source::text::Place;

/// The language's defaults (section 5).
const RUN_TIMEOUT: Duration = Duration::from_hours(24);
const GRANULARITY: Duration = Duration::from_secs(1);
const REDIRECTS: u32 = 10;

impl Compiler<'_> {
    pub(super) fn compile_plans(&mut self, limits: &[Limit]) -> IndexMap<SmolStr, Plan> {
        let definition = self.definition;
        definition
            .plans
            .iter()
            .map(|(name, entry)| (name.clone(), self.plan(name, &entry.key, &entry.value, limits)))
            .collect()
    }

    fn plan(&mut self, name: &SmolStr, key: &Place, plan: &written::Plan, limits: &[Limit]) -> Plan {
        self.check_saved_names(&plan.step);
        let around = Surroundings {
            saved: Some(names(SavedNames::of_plan(&plan.step).plain)),
            window: plan.window.is_some(),
            ..self.surroundings()
        };
        let schedule = self.schedule(plan);
        let window = plan.window.as_ref().map(|window| self.window(window, &around));
        let site = StepSite {
            name: name.clone(),
            path: name.clone(),
            key: key.clone(),
            level: 0,
            role: Role::Plan,
            around,
            repetition: Repetition::Once,
            limits,
            split_when: window.as_ref().and_then(|window| window.split_when.as_ref()),
        };
        let step = self.step(&plan.step, site);
        Plan {
            name: name.clone(),
            schedule,
            repeat_count: plan.repeat_count.as_ref().map(|count| count.value),
            run_timeout: self.length(plan.run_timeout.as_ref(), RUN_TIMEOUT),
            enabled: plan.enabled.as_ref().is_none_or(|spanned| spanned.value),
            window,
            step,
        }
    }

    fn schedule(&mut self, plan: &written::Plan) -> Schedule {
        let jitter = plan
            .jitter
            .as_ref()
            .and_then(DurationText::duration)
            .unwrap_or_default();
        if let Some(text) = &plan.wait {
            return Schedule::Wait {
                wait: self.length(Some(text), Duration::ZERO),
                jitter,
            };
        }
        let Some(schedule) = &plan.schedule else {
            if let Some(text) = &plan.jitter {
                let help = "add `wait` or `schedule`";
                self.warn(
                    codes::SCHEDULE_NONE,
                    &text.0.place,
                    "`jitter` has no effect without a schedule",
                    help,
                );
            }
            return Schedule::OnDemand;
        };
        let (cron, zone) = match schedule {
            written::Schedule::Cron(cron) => (cron, None),
            written::Schedule::Zoned(zoned) => (&zoned.cron, zoned.timezone.as_ref()),
        };
        match Cron::parse(&cron.value, zone.map_or("UTC", |zone| &zone.value)) {
            Ok(cron) => Schedule::Cron { cron, jitter },
            Err(error) => {
                self.schedule_error(&error, &cron.place, zone.map_or(&cron.place, |zone| &zone.place));
                Schedule::OnDemand
            }
        }
    }

    fn schedule_error(&mut self, error: &ScheduleError, cron: &Place, zone: &Place) {
        let (code, place, help) = match error {
            ScheduleError::Cron { .. } => (
                codes::SCHEDULE_CRON,
                cron,
                "five fields: minute, hour, day of month, month, day of week, as `0 6 * * MON-FRI`",
            ),
            ScheduleError::Never { .. } => (codes::SCHEDULE_CRON, cron, "no month has such a day"),
            ScheduleError::Zone { .. } => (
                codes::SCHEDULE_TIMEZONE,
                zone,
                "write an IANA name, as `Europe/Berlin` or `UTC`",
            ),
        };
        self.error(code, place, error.to_string(), help);
    }

    fn window(&mut self, window: &written::Window, around: &Surroundings) -> Window {
        let scope = around.scope(Site::Window);
        let granularity = self.length(window.granularity.as_ref(), GRANULARITY);
        let step = window
            .step
            .as_ref()
            .map(|text| self.length(Some(text), granularity));
        if let (Some(step), Some(text)) = (step, &window.step)
            && step < granularity
        {
            let help = "make `step` as long as `granularity` or longer";
            self.error(
                codes::WINDOW_STEP,
                &text.0.place,
                "`step` is shorter than `granularity`",
                help,
            );
        }
        if let (Some(_), Some(lag)) = (&window.to, &window.lag)
            && lag.duration() != Some(Duration::ZERO)
        {
            let help = "`lag` is how far the default of `to` stays behind the start of the run: keep one";
            self.warn(
                codes::WINDOW_LAG,
                &lag.0.place,
                "`lag` has no effect beside `to`",
                help,
            );
        }
        Window {
            from: self.expression(&window.from, &scope),
            to: self.optional(window.to.as_ref(), &scope),
            step,
            granularity,
            lookback: window
                .lookback
                .as_ref()
                .and_then(DurationText::duration)
                .unwrap_or_default(),
            lag: window
                .lag
                .as_ref()
                .and_then(DurationText::duration)
                .unwrap_or_default(),
            split_when: self.optional_condition(window.split_when.as_ref(), &around.scope(Site::Split)),
        }
    }

    pub(super) fn http(&mut self) -> Http {
        let around = Surroundings {
            config: self.config.clone(),
            ..Surroundings::default()
        };
        let scope = around.scope(Site::Settings);
        let Some(http) = &self.definition.http else {
            return Http {
                redirects: REDIRECTS,
                ..Http::default()
            };
        };
        Http {
            allowed_hosts: http
                .allowed_hosts
                .iter()
                .flatten()
                .map(|text| self.template(text, &scope))
                .collect(),
            proxy: self.optional_template(http.proxy.as_ref(), &scope),
            ca: self.optional_template(http.ca.as_ref(), &scope),
            client_cert: self.optional_template(http.client_cert.as_ref(), &scope),
            client_key: self.optional_template(http.client_key.as_ref(), &scope),
            user_agent: self.optional_template(http.user_agent.as_ref(), &scope),
            redirects: http.redirects.as_ref().map_or(REDIRECTS, |redirects| {
                u32::try_from(redirects.value).unwrap_or(REDIRECTS)
            }),
        }
    }

    pub(super) fn config_schema(&self) -> ConfigSchema {
        let schema = self
            .definition
            .config_schema
            .as_ref()
            .map(|node| node.value.clone());
        let mut secrets = BTreeSet::new();
        if let Some(schema) = &schema {
            secret_pointers(schema, "", &mut secrets);
        }
        ConfigSchema { schema, secrets }
    }
}

/// Adds the pointers of all properties that the schema marks `secret: true`.
fn secret_pointers(schema: &serde_json::Value, pointer: &str, secrets: &mut BTreeSet<String>) {
    if schema.get("secret").and_then(serde_json::Value::as_bool) == Some(true) {
        secrets.insert(pointer.to_owned());
        return;
    }
    let properties = schema.get("properties").and_then(serde_json::Value::as_object);
    for (name, property) in properties.into_iter().flatten() {
        let name = name.replace('~', "~0").replace('/', "~1");
        secret_pointers(property, &format!("{pointer}/{name}"), secrets);
    }
}

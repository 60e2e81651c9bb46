//! What an expression can see at each place of a document: which roots exist, and what is known of them.
//!
//! | place | roots besides `config`, `context`, `values`, `window`, `parent`, `auth` |
//! |---|---|
//! | `iterate_over` | none |
//! | `when`, `unique_by` | `item`, `index` |
//! | a request's templates, `save.key` | `item`, `index`, `prev`, `vars` |
//! | what judges or uses a response | `item`, `index`, `prev`, `vars`, `response` |
//!
//! `window` exists in a plan that has one, `parent` in a sub-step, `auth` where a flow is in force and the request is
//! being made, `item` and
//! `index` under the step's own `iterate_over`, `vars` where the step declares some.

mod config;
mod scope;

use std::collections::BTreeMap;
use std::sync::Arc;

use orchid_jmespath::shape::Shape;
use smol_str::SmolStr;

pub use config::config_shape;
pub use scope::{Scope, Site};

/// What surrounds a step: everything that its scopes are made of.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// Of `config`.
    pub config: Shape,
    /// Of `values`, where the document names some.
    pub values: Option<Shape>,
    /// Of `context.saved`: what the plan's steps save without a key. `None` in an auth flow, which belongs to no poll.
    pub saved: Option<Shape>,
    /// Of `context.saved_item`: what this step saves by key.
    pub saved_item: Option<Shape>,
    /// Whether the plan has a window.
    pub window: bool,
    /// Of `parent`, in a sub-step.
    pub parent: Option<Shape>,
    /// Of `auth`, where a flow is in force.
    pub auth: Option<Shape>,
    /// Of `item`, where the step (or whoever asks for a token) iterates.
    pub item: Option<Shape>,
    /// Of `vars`, where the step declares some.
    pub vars: Option<Shape>,
}

impl Surroundings {
    /// The scope of `site`.
    pub fn scope(&self, site: Site) -> Scope {
        let mut roots = BTreeMap::new();
        let mut root = |name: &str, shape: Shape| {
            roots.insert(SmolStr::new(name), shape);
        };
        root("config", self.config.clone());
        if site == Site::Settings {
            return Scope::new(site, roots);
        }
        root("context", self.context());
        if let Some(values) = &self.values {
            root("values", values.clone());
        }
        if self.window && site != Site::Window {
            root(
                "window",
                closed([
                    ("from", Shape::Scalar),
                    ("to", Shape::Scalar),
                    ("last", Shape::Scalar),
                ]),
            );
        }
        if site == Site::Split {
            root("response", response());
        }
        if matches!(site, Site::Window | Site::Split) {
            return Scope::new(site, roots);
        }
        if let Some(parent) = &self.parent {
            root("parent", parent.clone());
        }
        if let Some(auth) = self.auth.as_ref().filter(|_| site.is_authorized()) {
            root("auth", auth.clone());
        }
        if let Some(item) = self.item.as_ref().filter(|_| site != Site::FanOut) {
            root("item", item.clone());
            root("index", Shape::Scalar);
        }
        if site.is_in_loop() {
            root("prev", response());
            if let Some(vars) = &self.vars {
                root("vars", vars.clone());
            }
        }
        if site.sees_response() {
            root("response", response());
        }
        Scope::new(site, roots)
    }

    /// What surrounds the sub-steps of this step, before they add what is their own.
    #[must_use]
    pub fn below(&self) -> Self {
        Self {
            config: self.config.clone(),
            values: self.values.clone(),
            saved: self.saved.clone(),
            window: self.window,
            parent: Some(self.as_parent()),
            ..Self::default()
        }
    }

    /// Of `parent` in the sub-steps of this step: its response and where it came from.
    fn as_parent(&self) -> Shape {
        let mut fields = response_fields();
        if let Some(item) = &self.item {
            fields.insert("item".into(), item.clone());
            fields.insert("index".into(), Shape::Scalar);
        }
        fields.insert("iteration".into(), Shape::Scalar);
        fields.insert(
            "saved_item".into(),
            self.saved_item.clone().unwrap_or_else(|| closed([])),
        );
        if let Some(parent) = &self.parent {
            fields.insert("parent".into(), parent.clone());
        }
        object(fields)
    }

    /// Of `context`.
    fn context(&self) -> Shape {
        let scalars = [
            "now",
            "started_at",
            "scheduled_at",
            "run_id",
            "run_count",
            "iteration",
            "attempt",
            "last_success_at",
            "last_run_at",
            "last_failure_at",
            "integration",
            "config_name",
            "plan",
            "step",
        ];
        let mut fields: BTreeMap<SmolStr, Shape> = scalars.map(|name| (name.into(), Shape::Scalar)).into();
        fields.insert("trigger".into(), open());
        let error = [
            ("kind", Shape::Scalar),
            ("status_code", Shape::Scalar),
            ("message", Shape::Scalar),
        ];
        fields.insert("last_error".into(), closed(error));
        if let Some(saved) = &self.saved {
            fields.insert("saved".into(), saved.clone());
            fields.insert(
                "saved_item".into(),
                self.saved_item.clone().unwrap_or_else(|| closed([])),
            );
        }
        object(fields)
    }
}

/// Of `response` and `prev`.
pub fn response() -> Shape {
    object(response_fields())
}

fn response_fields() -> BTreeMap<SmolStr, Shape> {
    let request = closed([
        ("method", Shape::Scalar),
        ("url", Shape::Scalar),
        ("params", open()),
        ("body", Shape::Any),
    ]);
    BTreeMap::from(
        [
            ("status_code", Shape::Scalar),
            ("headers", open()),
            ("body", Shape::Any),
            ("text", Shape::Scalar),
            ("links", open()),
            ("cookies", open()),
            ("url", Shape::Scalar),
            ("duration_ms", Shape::Scalar),
            ("size", Shape::Scalar),
            ("format", Shape::Scalar),
            ("request", request),
            (
                "error",
                closed([("kind", Shape::Scalar), ("message", Shape::Scalar)]),
            ),
        ]
        .map(|(name, shape)| (SmolStr::new(name), shape)),
    )
}

/// An object with exactly these fields.
fn object(fields: BTreeMap<SmolStr, Shape>) -> Shape {
    Shape::Object {
        fields: Arc::new(fields),
        open: false,
    }
}

/// An object with exactly these fields.
pub fn closed<const N: usize>(fields: [(&str, Shape); N]) -> Shape {
    object(fields.map(|(name, shape)| (SmolStr::new(name), shape)).into())
}

/// An object with exactly these fields, of whose values nothing is known.
pub fn names(names: impl IntoIterator<Item = SmolStr>) -> Shape {
    object(names.into_iter().map(|name| (name, Shape::Any)).collect())
}

/// An object of which nothing is known.
pub fn open() -> Shape {
    Shape::Object {
        fields: Arc::default(),
        open: true,
    }
}

//! The names that exist at one place, and why the others do not.

use std::collections::BTreeMap;
use std::sync::Arc;

use orchid_jmespath::shape::Shape;
use smol_str::SmolStr;

use super::response;

/// The names that exist at one place.
#[derive(Debug, Clone)]
pub struct Scope {
    site: Site,
    shape: Shape,
}

/// Kinds of places, in the order in which one request passes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Site {
    /// `http` and the figures of rate limits: the config alone.
    Settings,
    /// `window.from` and `.to`.
    Window,
    /// `window.split_when`, which judges the responses of all steps.
    Split,
    /// `iterate_over`.
    FanOut,
    /// `when`, `unique_by`.
    Item,
    /// `auth` of a step, where it is a template.
    AuthChoice,
    /// The `init` of loop variables.
    Start,
    /// What is sent: the one place with `uuid()` and `random_hex()`.
    Request,
    /// What an auth flow attaches to a request.
    Attach,
    /// The templates of `sign`.
    Sign,
    /// `headers` of `sign`, which see the signature.
    SignHeaders,
    /// `save.key`, `counted_by`, `cost`: known before the request is sent.
    Key,
    /// What judges or uses a response.
    Response,
    /// `values`, which are judged where they are used: everything exists.
    Anywhere,
}

impl Site {
    /// Whether `prev` and `vars` exist.
    pub(super) fn is_in_loop(self) -> bool {
        matches!(
            self,
            Self::Request | Self::Sign | Self::SignHeaders | Self::Key | Self::Response | Self::Anywhere
        )
    }

    /// Whether the credentials are there.
    pub(super) fn is_authorized(self) -> bool {
        !matches!(
            self,
            Self::Settings | Self::FanOut | Self::Item | Self::Start | Self::AuthChoice
        )
    }

    /// Whether `response` exists.
    pub(super) fn sees_response(self) -> bool {
        matches!(self, Self::Split | Self::Response | Self::Anywhere)
    }

    /// Whether `uuid()` and `random_hex()` exist.
    pub fn is_random(self) -> bool {
        matches!(
            self,
            Self::Request | Self::Attach | Self::Sign | Self::SignHeaders | Self::Anywhere
        )
    }
}

impl Scope {
    pub(super) fn new(site: Site, roots: BTreeMap<SmolStr, Shape>) -> Self {
        Self {
            site,
            shape: Shape::Object {
                fields: Arc::new(roots),
                open: false,
            },
        }
    }

    /// The same with one more root, or another shape of one.
    #[must_use]
    pub fn with(mut self, name: &str, shape: Shape) -> Self {
        if let Shape::Object { fields, .. } = &mut self.shape {
            Arc::make_mut(fields).insert(name.into(), shape);
        }
        self
    }

    /// Which kind of place it is.
    pub fn site(&self) -> Site {
        self.site
    }

    /// The object of all roots: closed.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Whether a root of that name exists.
    pub fn has(&self, name: &str) -> bool {
        matches!(&self.shape, Shape::Object { fields, .. } if fields.contains_key(name))
    }

    /// What to tell of a name that exists elsewhere but not here: what is wrong, what to write instead.
    pub fn absent(&self, name: &str) -> Option<(String, String)> {
        let told = |message: &str, help: &str| Some((message.to_owned(), help.to_owned()));
        match name {
            "response" => match self.site {
                Site::Settings | Site::Window => told("`response` is not there before a run", "`config` is"),
                Site::FanOut | Site::Item | Site::Start if self.has("parent") => told(
                    "`response` is not there before the request is made",
                    "`parent` is the response that this step runs for",
                ),
                Site::FanOut | Site::Item | Site::Start => told(
                    "`response` is not there before the request is made",
                    "`config` and `context` are",
                ),
                _ => told(
                    "`response` is not there while the request is built",
                    "`prev` is the response of the iteration before, null on the first",
                ),
            },
            "prev" => told(
                "`prev` exists only in the loop of a step",
                "`parent` is the response above this step",
            ),
            "item" | "index" => Some(self.absent_item(name)),
            "parent" => told("a plan has no `parent`", "only a step below another has one"),
            "window" if self.site == Site::Window => told(
                "`window` is not there yet: this is where it comes from",
                "`config` and `context` are",
            ),
            "window" => told(
                "`window` is not there, for the plan has none",
                "give the plan a `window`",
            ),
            "vars" => told(
                "`vars` is not there, for the step declares none",
                "declare them under `vars` of this step",
            ),
            "values" => told(
                "`values` is not there, for the document declares none",
                "declare them under `values`",
            ),
            "auth" if !self.site.is_authorized() => told(
                "`auth` is not there before the request is made",
                "credentials are got for each request",
            ),
            "auth" => told(
                "`auth` is not there, for no auth flow is in force",
                "name a flow with `auth`",
            ),
            "context" => told("`context` is not there before a run", "only `config` is"),
            "sign" | "request" | "signature" => told(
                &format!("`{name}` exists only in `text` and `headers` of `sign`"),
                "`response.request` is what was sent",
            ),
            "body" | "headers" | "status_code" | "links" | "text" | "cookies" => self.absent_field(name),
            _ => None,
        }
    }

    fn absent_item(&self, name: &str) -> (String, String) {
        let has_parent_item = matches!(&self.shape, Shape::Object { fields, .. }
            if matches!(fields.get("parent"), Some(Shape::Object { fields, .. }) if fields.contains_key("item")));
        if matches!(self.site, Site::Window | Site::Split) {
            let message = format!("`{name}` is not there, for the window belongs to the plan");
            return (message, "`config` and `context` are".to_owned());
        }
        let message = match self.site {
            Site::FanOut => format!("`{name}` is not there yet: it is what `iterate_over` gives"),
            _ => format!("`{name}` exists only in a step with `iterate_over`"),
        };
        let help = if has_parent_item {
            format!("the item of the step above is `parent.{name}`")
        } else if self.site == Site::FanOut {
            "`parent`, `config` and `context` are".to_owned()
        } else {
            "give the step an `iterate_over`".to_owned()
        };
        (message, help)
    }

    /// A field of a response that was written as if it were a root.
    fn absent_field(&self, name: &str) -> Option<(String, String)> {
        let Shape::Object { fields, .. } = response() else {
            return None;
        };
        let root = ["response", "prev", "parent"]
            .into_iter()
            .find(|root| self.has(root))?;
        fields.contains_key(name).then(|| {
            (
                format!("`{name}` is a field of a response"),
                format!("write `{root}.{name}`"),
            )
        })
    }
}

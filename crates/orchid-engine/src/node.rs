//! A step as one run sees it: what its responses must offer, and the bounds on what is open of it at once.
//!
//! Everything static is worked out here once per run, so that no request pays for it.

use std::sync::Arc;

use orchid_jmespath::expression::{Expression, Segment};
use orchid_jmespath::value::Value;
use orchid_plan::program::expressions::{of_limit, of_step, of_template};
use orchid_plan::program::{Auth, Commit, Flow, FlowId, Program, Step, UrlHole, UrlPart, Window};
use tokio::sync::Semaphore;
use url::Url;

/// Items of one step beyond its `concurrency` that may exist at once in one run (waiting for permits, in
/// backoff, or with sub-steps at work).
const ITEMS_AHEAD: usize = 256;
/// Pages of one step's loops whose sub-steps or acknowledgements are not done.
const OPEN_PAGES: usize = 64;

/// A step and its sub-steps in one run.
#[derive(Debug)]
pub(crate) struct Node {
    pub step: Arc<Step>,
    /// The auth flow whose request it is.
    pub flow: Option<FlowId>,
    pub children: Vec<Arc<Node>>,
    /// What expressions read of its responses.
    pub needs: Needs,
    /// Which roots its expressions read: no others are put together.
    pub roots: Roots,
    /// Whether the origin of its URL may come out of a response.
    pub foreign_origin: bool,
    /// Whether it or a sub-step has keyed fields that commit page by page, or the plan's unkeyed ones.
    pub commits_pages: bool,
    /// Open items.
    pub items: Arc<Semaphore>,
    /// Open pages.
    pub pages: Arc<Semaphore>,
}

/// Fields of a response that are read by somebody.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "a set of independent fields, each asked by itself"
)]
pub(crate) struct Needs {
    pub headers: bool,
    pub body: bool,
    pub text: bool,
    pub links: bool,
    pub cookies: bool,
    pub request: bool,
    /// Whether anything at all is read.
    pub any: bool,
}

/// A set of the roots that exist (language, section 4), by their place in [`Roots::NAMES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Roots(u16);

impl Roots {
    const NAMES: [&'static str; 10] = [
        "config", "auth", "context", "response", "prev", "parent", "item", "index", "vars", "window",
    ];
    /// All, for flows: their outputs are evaluated elsewhere.
    pub(crate) const ALL: Self = Self(u16::MAX);

    fn of(expressions: &[&Expression]) -> Self {
        let read = |name: &str| expressions.iter().any(|e| e.reads_under(&[name]));
        let bits = Self::NAMES
            .iter()
            .enumerate()
            .filter(|(_, name)| read(name))
            .map(|(bit, _)| 1 << bit);
        Self(bits.fold(0, |all, bit| all | bit))
    }

    /// Whether `name` is among them.
    pub(crate) fn has(self, name: &str) -> bool {
        Self::NAMES
            .iter()
            .position(|known| *known == name)
            .is_none_or(|bit| self.0 & (1 << bit) != 0)
    }
}

impl Needs {
    /// All of it, for flows: their outputs may read anything.
    pub(crate) const ALL: Self = Self {
        headers: true,
        body: true,
        text: true,
        links: true,
        cookies: true,
        request: true,
        any: true,
    };
}

impl Node {
    /// The tree of a plan's steps.
    pub(crate) fn tree(program: &Program, step: &Arc<Step>, window: Option<&Window>) -> Arc<Self> {
        Self::build(program, step, window)
    }

    /// A request of an auth flow.
    pub(crate) fn of_flow(id: FlowId, step: &Arc<Step>) -> Self {
        Self {
            flow: Some(id),
            children: Vec::new(),
            needs: Needs::ALL,
            roots: Roots::ALL,
            foreign_origin: false,
            commits_pages: false,
            items: Arc::new(Semaphore::new(1)),
            pages: Arc::new(Semaphore::new(1)),
            step: step.clone(),
        }
    }

    fn build(program: &Program, step: &Arc<Step>, window: Option<&Window>) -> Arc<Self> {
        let children: Vec<_> = step
            .steps
            .iter()
            .map(|child| Self::build(program, child, window))
            .collect();
        let own = expressions(program, step, window);
        let mut needs = Needs::of(&own, &["response"]);
        needs.add(Needs::of(&own, &["prev"]));
        let below: Vec<&Arc<Step>> = step.steps.iter().collect();
        add_descendants(program, window, &below, 1, &mut needs);
        Arc::new(Self {
            flow: None,
            needs,
            roots: Roots::of(&own),
            foreign_origin: has_foreign_origin(step),
            commits_pages: commits_pages(step) || children.iter().any(|child| child.commits_pages),
            items: Arc::new(Semaphore::new(
                step.concurrency
                    .saturating_add(ITEMS_AHEAD)
                    .min(Semaphore::MAX_PERMITS),
            )),
            pages: Arc::new(Semaphore::new(OPEN_PAGES)),
            children,
            step: step.clone(),
        })
    }
}

impl Needs {
    fn of(expressions: &[&Expression], root: &[&str]) -> Self {
        let reads = |field: &str| {
            let mut path = root.to_vec();
            path.push(field);
            expressions.iter().any(|e| e.reads_under(&path))
        };
        Self {
            headers: reads("headers"),
            body: reads("body"),
            text: reads("text"),
            links: reads("links"),
            cookies: reads("cookies"),
            request: reads("request"),
            any: expressions.iter().any(|e| e.reads_under(root)),
        }
    }

    fn add(&mut self, other: Self) {
        self.headers |= other.headers;
        self.body |= other.body;
        self.text |= other.text;
        self.links |= other.links;
        self.cookies |= other.cookies;
        self.request |= other.request;
        self.any |= other.any;
    }
}

/// What sub-steps read of a response that is `parent` once, twice, … removed.
fn add_descendants(
    program: &Program,
    window: Option<&Window>,
    steps: &[&Arc<Step>],
    depth: usize,
    needs: &mut Needs,
) {
    let root = vec!["parent"; depth];
    for step in steps {
        needs.add(Needs::of(&expressions(program, step, window), &root));
        let below: Vec<&Arc<Step>> = step.steps.iter().collect();
        add_descendants(program, window, &below, depth + 1, needs);
    }
}

fn commits_pages(step: &Step) -> bool {
    step.save.iter().any(|save| save.commit == Commit::Page)
}

/// Whether the origin of its URL reads something that a response may have brought.
fn has_foreign_origin(step: &Step) -> bool {
    let item_is_own = step
        .iterate_over
        .as_ref()
        .is_some_and(|list| !comes_from_response(list));
    origin_expressions(step)
        .into_iter()
        .any(|e| comes_from_response(e) || (e.reads_under(&["item"]) && !item_is_own))
}

/// The URLs that the config itself states for a step whose origin may also come out of a response: where
/// `${context.saved.next || config.base_url}` begins. Credentials may go there.
pub(crate) fn stated_homes(step: &Step, config: &Value) -> Vec<Url> {
    let expressions = origin_expressions(step).into_iter();
    let paths = expressions.flat_map(Expression::reads);
    paths.filter_map(|path| stated_at(&path.0, config)).collect()
}

/// The URL that stands in the config where a path leads, if it leads into the config.
fn stated_at(path: &[Segment], config: &Value) -> Option<Url> {
    let [Segment::Field(root), below @ ..] = path else {
        return None;
    };
    if root != "config" {
        return None;
    }
    let value = below
        .iter()
        .try_fold(config.clone(), |value, segment| match segment {
            Segment::Field(name) => value.get(name),
            Segment::Each => None,
        })?;
    value
        .as_str()?
        .parse()
        .ok()
        .filter(|url: &Url| matches!(url.scheme(), "http" | "https"))
}

/// The expressions that decide on the origin of a step's URL.
fn origin_expressions(step: &Step) -> Vec<&Expression> {
    let mut found = Vec::new();
    for hole in origin_holes(&step.request.url.parts) {
        of_template(&hole.value, &mut |expression| found.push(expression));
    }
    found
}

/// The holes that the origin is made of: all before the path surely starts. What follows a base directly counts
/// too: `.evil.example` behind `https://api.example` makes another host of it.
fn origin_holes(parts: &[UrlPart]) -> Vec<&UrlHole> {
    let mut holes = Vec::new();
    let mut scheme_ended = false;
    for part in parts {
        match part {
            UrlPart::Text(text) => {
                let rest = match text.split_once("://") {
                    Some((_, rest)) if !scheme_ended => rest,
                    _ if scheme_ended => text,
                    _ => continue,
                };
                scheme_ended = true;
                if rest.contains(['/', '?', '#']) {
                    break;
                }
            }
            UrlPart::Base(hole) => {
                scheme_ended = true;
                holes.push(hole);
            }
            UrlPart::Segment(hole) | UrlPart::Path(hole) | UrlPart::Query(hole) => holes.push(hole),
        }
    }
    holes
}

fn comes_from_response(expression: &Expression) -> bool {
    let sources: [&[&str]; 5] = [
        &["parent"],
        &["prev"],
        &["vars"],
        &["context", "saved"],
        &["context", "saved_item"],
    ];
    sources.iter().any(|path| expression.reads_under(path))
}

/// All expressions that may be evaluated for a step, those of its flows and limits included.
fn expressions<'a>(program: &'a Program, step: &'a Step, window: Option<&'a Window>) -> Vec<&'a Expression> {
    let mut out = Vec::new();
    let mut visit = |expression: &'a Expression| out.push(expression);
    of_step(step, &mut visit);
    window
        .and_then(|window| window.split_when.as_ref())
        .into_iter()
        .for_each(&mut visit);
    for flow in flows(program, step) {
        flow.cached_by.iter().for_each(&mut visit);
        for (_, template) in flow.attach.templates() {
            of_template(template, &mut visit);
        }
    }
    for limit in step.limits.iter().filter_map(|id| program.limits.get(id.0)) {
        of_limit(limit, &mut visit);
    }
    out
}

fn flows<'a>(program: &'a Program, step: &Step) -> impl Iterator<Item = &'a Flow> + use<'a> {
    let range = match step.auth {
        Auth::None => 0..0,
        Auth::Flow(id) => id.0..id.0 + 1,
        Auth::Select(_) => 0..program.flows.len(),
    };
    program.flows.get(range).into_iter().flatten()
}

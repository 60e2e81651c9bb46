//! Values that sugar makes: all of them stand where the sugar stands.

use indexmap::IndexMap;
use smol_str::SmolStr;

use crate::definition::field::{
    DurationText, Entry, ExpressionText, Map, SizeText, Spanned, TemplateText, TemplateTree,
};
use crate::definition::step::Step;
use crate::source::text::{Place, ScalarKind, Text};

/// Makes values at one place.
#[derive(Debug, Clone, Copy)]
pub(super) struct At<'a>(pub(super) &'a Place);

impl At<'_> {
    pub(super) fn place(self) -> Place {
        self.0.clone()
    }

    pub(super) fn expression(self, source: impl Into<SmolStr>) -> ExpressionText {
        ExpressionText(self.text(source, ScalarKind::String))
    }

    /// A literal: a number, boolean or null, as JSON writes it.
    pub(super) fn literal(self, kind: ScalarKind, source: impl Into<SmolStr>) -> ExpressionText {
        ExpressionText(self.text(source, kind))
    }

    pub(super) fn template(self, source: impl Into<SmolStr>) -> TemplateText {
        TemplateText(self.text(source, ScalarKind::String))
    }

    pub(super) fn leaf(self, source: impl Into<SmolStr>) -> TemplateTree {
        TemplateTree::Leaf(self.template(source))
    }

    pub(super) fn duration(self, source: &str) -> DurationText {
        DurationText(self.text(source, ScalarKind::String))
    }

    pub(super) fn size(self, source: &str) -> SizeText {
        SizeText(self.text(source, ScalarKind::String))
    }

    pub(super) fn spanned<T>(self, value: T) -> Spanned<T> {
        Spanned {
            value,
            place: self.place(),
        }
    }

    pub(super) fn entry<T>(self, value: T) -> Entry<T> {
        Entry {
            key: self.place(),
            value,
        }
    }

    pub(super) fn map<T>(self, entries: impl IntoIterator<Item = (SmolStr, T)>) -> Map<T> {
        entries
            .into_iter()
            .map(|(name, value)| (name, self.entry(value)))
            .collect()
    }

    /// A step of which nothing is said.
    pub(super) fn step(self) -> Step {
        Step {
            method: None,
            url: None,
            params: IndexMap::new(),
            array_params: None,
            headers: IndexMap::new(),
            body: None,
            form: None,
            graphql: None,
            auth: None,
            sign: None,
            timeout: None,
            max_request_bytes: None,
            max_response_bytes: None,
            iterate_over: None,
            concurrency: None,
            when: None,
            unique_by: None,
            r#while: None,
            next_url: None,
            paginate: None,
            break_when: None,
            loop_wait: None,
            loop_timeout: None,
            max_iterations: None,
            vars: IndexMap::new(),
            abort_when: None,
            skip_when: None,
            refresh_when: None,
            throttled_when: None,
            throttle_timeout: None,
            retry_when: None,
            max_retries: None,
            backoff: None,
            success_when: None,
            on_error: None,
            parse: None,
            save: IndexMap::new(),
            emit: None,
            topic: None,
            key: None,
            priority: None,
            steps: IndexMap::new(),
            place: self.place(),
        }
    }

    fn text(self, source: impl Into<SmolStr>, kind: ScalarKind) -> Text {
        Text::synthetic(source, kind, self.place())
    }
}

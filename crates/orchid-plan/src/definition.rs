//! What authors write, as types: every field of the language, each value with its place.
//!
//! Nothing is resolved here: expressions and templates are text, names are names, sugar is still sugar.
//! Optional fields that the author left out are `None` (or an empty map); `sugar` fills them in.

pub mod auth;
pub mod field;
pub mod limit;
pub mod step;

pub(crate) mod read;
pub(crate) mod record;

mod flow_rules;
mod forms;
mod rules;
mod scalars;

use crate::definition::auth::Flow;
use crate::definition::field::{ConfigSchemaNode, ExpressionText, Map, Spanned, TemplateText};
use crate::definition::limit::RateLimit;
use crate::definition::record::record;
use crate::definition::step::{Plan, Step};

use smol_str::SmolStr;

use crate::definition::read::Reader;
use crate::diagnostic::Diagnostic;
use crate::source::tree::{Kind, Member, Node};

/// What a document's tree was read as.
#[derive(Debug)]
pub struct Read {
    /// The definition as far as it could be read; absent if the document is no object.
    pub definition: Option<Definition>,
    /// What is wrong, in no particular order.
    pub diagnostics: Vec<Diagnostic>,
}

impl Definition {
    /// Reads the tree of `text`; what cannot be read is left out and reported.
    pub fn read(text: &str, root: &Node) -> Read {
        let mut reader = Reader {
            text,
            diagnostics: Vec::new(),
        };
        let Kind::Object(members) = &root.kind else {
            reader.wrong_type(root, "an integration document, which is an object", None);
            return Read {
                definition: None,
                diagnostics: reader.diagnostics,
            };
        };
        let definition = if root
            .get("integration")
            .is_some_and(|member| read::as_text(&member.value).is_some())
        {
            reader.record(root)
        } else {
            // A document without a name is read all the same, for the sake of its other mistakes.
            let _: Option<Spanned<SmolStr>> = reader.field(root, "integration");
            let mut members: Vec<Member> = members
                .iter()
                .filter(|member| member.name != "integration")
                .cloned()
                .collect();
            members.push(Member::made("integration", Node::text("unnamed")));
            reader.record(&Node {
                place: root.place.clone(),
                kind: Kind::Object(members),
            })
        };
        Read {
            definition,
            diagnostics: reader.diagnostics,
        }
    }
}

record! {
    /// An integration document.
    pub struct Definition, checked by rules::definition {
        /// The integration's name.
        integration: Spanned<SmolStr>,
        /// A title for people.
        title: Option<Spanned<SmolStr>>,
        /// A description for people.
        description: Option<Spanned<SmolStr>>,
        /// JSON Schema 2020-12 of one config; `secret: true` marks values that are stored encrypted.
        config_schema: Option<ConfigSchemaNode>,
        /// How the integration authenticates: auth flows by name.
        auth: Map<Flow>,
        /// What the API allows: rate limits by name.
        rate_limits: Map<RateLimit>,
        /// Outbound settings.
        http: Option<Http>,
        /// Named expressions, read as `values.x` and, in a URL, `{x}`.
        values: Map<ExpressionText>,
        /// Step fields for every step of the plans; a step's own value replaces them, headers merge by name.
        defaults: Option<Step>,
        /// What is polled: plans by name.
        plans: Map<Plan>,
    }
}

record! {
    /// Outbound settings; templates see `config` only.
    pub struct Http, checked by rules::http {
        /// Hosts (`host[:port]` or `*.host`) to which credentials may follow.
        allowed_hosts: Option<Vec<TemplateText>>,
        /// Proxy URL.
        proxy: Option<TemplateText>,
        /// PEM of further certificate authorities.
        ca: Option<TemplateText>,
        /// PEM of the client's certificate chain.
        client_cert: Option<TemplateText>,
        /// PEM of the client's key.
        client_key: Option<TemplateText>,
        /// The `User-Agent` header.
        user_agent: Option<TemplateText>,
        /// Redirects followed per request; 0: the 3xx is judged as it is.
        redirects: Option<Spanned<u64>>,
    }
}

//! What authors write, as types: every field of the language, each value with its place.
//!
//! Nothing is resolved here: expressions and templates are text, names are names, sugar is still sugar.
//! Optional fields that the author left out are `None` (or an empty map); `sugar` fills them in.

pub mod auth;
pub mod field;
pub mod limit;
pub mod step;

use crate::definition::auth::Flow;
use crate::definition::field::{ConfigSchemaNode, ExpressionText, Map, Spanned, TemplateText, record};
use crate::definition::limit::RateLimit;
use crate::definition::step::{Plan, Step};

use smol_str::SmolStr;

record! {
    /// An integration document.
    pub struct Definition {
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
    pub struct Http {
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

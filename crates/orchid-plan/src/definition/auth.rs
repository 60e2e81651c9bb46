//! Auth flows (the language's section 7).

use smol_str::SmolStr;

use super::field::{DurationText, ExpressionText, Map, Spanned, TemplateText, TemplateTree};
use super::flow_rules;
use super::record::{choice, record};
use super::step::Step;
use crate::source::text::Place;

record! {
    /// An auth flow: a `type` with its fields, or the general flow that all types expand to.
    pub struct Flow, checked by flow_rules::flow {
        /// The kind of flow; absent for the general one.
        r#type: Option<Spanned<FlowType>>,

        /// `api_key`: the header that carries the value.
        header: Option<Spanned<SmolStr>>,
        /// `api_key`: the query parameter that carries the value.
        query: Option<Spanned<SmolStr>>,
        /// `api_key`: the cookie that carries the value.
        cookie: Option<Spanned<SmolStr>>,
        /// `api_key`: the value.
        value: Option<TemplateText>,
        /// `bearer`: the token.
        token: Option<TemplateText>,
        /// `basic`, `oauth2_password`: the user.
        username: Option<TemplateText>,
        /// `basic`, `oauth2_password`: the password.
        password: Option<TemplateText>,

        /// `oauth2_*`: where tokens are given.
        token_url: Option<TemplateText>,
        /// `oauth2_*`: the client.
        client_id: Option<TemplateText>,
        /// `oauth2_*`: its secret.
        client_secret: Option<TemplateText>,
        /// `oauth2_*`: how the client proves who it is.
        client_auth: Option<Spanned<ClientAuth>>,
        /// `oauth2_*`: what is asked for, a list or text.
        scopes: Option<Scopes>,
        /// `oauth2_*`: for whom the token is.
        audience: Option<TemplateText>,
        /// `oauth2_*`: further fields of the token request.
        extra: Map<TemplateText>,
        /// `oauth2_refresh_token`: the refresh token, a config secret; a rotated one is stored.
        refresh_token: Option<TemplateText>,

        /// `jwt`, `oauth2_jwt_bearer`: the token's claims; `iat`, `exp` and `jti` are added unless given.
        claims: Option<TemplateTree>,
        /// `jwt`, `oauth2_jwt_bearer`, `private_key_jwt`: the key, PEM or JWK.
        key: Option<TemplateText>,
        /// `jwt`, `oauth2_jwt_bearer`, `private_key_jwt`: the algorithm, as RS256.
        algorithm: Option<TemplateText>,
        /// `private_key_jwt`: the key's id.
        key_id: Option<TemplateText>,
        /// `jwt`, `oauth2_jwt_bearer`: further fields of the token's header.
        headers: Map<TemplateText>,

        /// The request that gets a token.
        request: Option<Step>,
        /// Further requests in order, each seeing the earlier outputs as `auth`.
        steps: Option<Vec<FlowStep>>,
        /// What is kept of the last response, read as `auth.x`.
        output: Map<ExpressionText>,
        /// Renews a token; without it `request` is made again.
        refresh: Option<Step>,
        /// Seconds until the token expires.
        expires_in: Option<ExpressionText>,
        /// When the token expires.
        expires_at: Option<ExpressionText>,
        /// How long a token lives where no response says.
        ttl: Option<DurationText>,
        /// Renewed this long before it expires: a duration, or a share as 20%.
        skew: Option<TemplateText>,
        /// One token per value, besides per config.
        cached_by: Option<ExpressionText>,
        /// Outputs that are not secret.
        public: Option<Vec<Spanned<SmolStr>>>,
        /// What a request gets.
        attach: Option<Attach>,
        /// The config secret in which the output `refresh_token` is stored when it changes.
        rotates: Option<Spanned<SmolStr>>,
    }
}

record! {
    /// A further request of a flow.
    pub struct FlowStep, checked by flow_rules::flow_step {
        /// The request.
        request: Step,
        /// What is kept of its response.
        output: Map<ExpressionText>,
    }
}

record! {
    /// What a flow adds to a request.
    pub struct Attach {
        /// Headers.
        headers: Map<TemplateText>,
        /// Query parameters.
        params: Map<TemplateText>,
        /// Cookies.
        cookies: Map<TemplateText>,
    }
}

/// What an OAuth client asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scopes {
    /// As one text, sent as it is.
    Text(TemplateText),
    /// A list, joined with spaces, and its place.
    List(Vec<TemplateText>, Place),
}

choice! {
    /// The kind of a flow.
    pub enum FlowType {
        /// A fixed value in a header, query parameter or cookie.
        ApiKey = "api_key",
        /// A fixed bearer token (RFC 6750).
        Bearer = "bearer",
        /// User and password (RFC 7617).
        Basic = "basic",
        /// RFC 6749, section 4.4.
        Oauth2ClientCredentials = "oauth2_client_credentials",
        /// RFC 6749, section 4.3.
        Oauth2Password = "oauth2_password",
        /// RFC 6749, section 6.
        Oauth2RefreshToken = "oauth2_refresh_token",
        /// RFC 7523, section 2.1.
        Oauth2JwtBearer = "oauth2_jwt_bearer",
        /// A token signed by the client itself.
        Jwt = "jwt",
    }
}

choice! {
    /// How an OAuth client proves who it is.
    pub enum ClientAuth {
        /// Id and secret as basic credentials (RFC 6749, section 2.3.1).
        Basic = "basic",
        /// Id and secret in the body.
        Post = "post",
        /// A token signed with the client's key (RFC 7523, section 2.2).
        PrivateKeyJwt = "private_key_jwt",
    }
}

//! Token endpoints that fail, lie or refuse.

use crate::answer::{Answer, html, json, to, wire};
use crate::case::{Case, TOKEN, case, check_all};

/// A flow whose endpoint answers so; the data is there for whoever asks.
fn endpoint(answers: impl Into<Vec<Answer>>) -> Case {
    oauth("").at("/token", answers).at("/", [json(200, "{}")])
}

fn oauth(more: &str) -> Case {
    case("oauth", "params: {}\nheaders: {}").top(&format!(
        "auth:\n  main:\n    type: oauth2_client_credentials\n    token_url: \"{{base_url}}/token\"\n    client_id: me\n    client_secret: \"${{config.token}}\"\n{more}"
    ))
}

fn token(body: &str) -> Answer {
    json(200, body.replace("TOKEN", TOKEN))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_token() {
    check_all(vec![
        endpoint([token("{\"access_token\":\"TOKEN\",\"expires_in\":3600}")])
            .asks(2)
            .sends("authorization: Bearer T0K3N-of-the-endpoint"),
        endpoint([json(
            400,
            "{\"error\":\"invalid_client\",\"error_description\":\"who are you?\"}",
        )])
        .fails(0, "auth", "invalid_client: who are you?"),
        endpoint([json(401, "{\"error\":\"invalid_client\"}")]).fails(0, "auth", "invalid_client"),
        endpoint([json(403, "")]).fails(0, "auth", "403"),
        endpoint([json(400, "{\"error\":\"S3CR3T/of+the=config~7 is wrong\"}")]).fails(0, "auth", "is wrong"),
        endpoint([json(200, "{}")]).fails(0, "auth", "answered 200"),
        endpoint([json(200, "{\"access_token\":null}")]).fails(0, "auth", "answered 200"),
        endpoint([json(200, "[]")]).fails(0, "auth", "answered 200"),
        endpoint([json(200, "null")]).fails(0, "auth", "answered 200"),
        endpoint([json(200, "")]).fails(0, "auth", "answered 200"),
        endpoint([json(200, "{\"access_token\":\"\"}")]).fails(0, "auth", ""),
        endpoint([json(200, "{\"access_token\":{\"a\":1}}")]).fails(0, "definition", "auth.main.attach"),
        endpoint([json(200, "{\"access_token\":\"a\\r\\nX-Evil: 1\"}")]).fails(0, "definition", ""),
        // What comes instead of a token may be one: no message quotes it.
        endpoint([token("{\"token\":\"TOKEN\"}")]).fails(0, "auth", "answered 200"),
        endpoint([json(400, TOKEN)]).fails(0, "auth", "answered 400"),
        endpoint([token("TOKEN")]).fails(0, "auth", "parse").asks(6),
        endpoint([html(200)]).fails(0, "auth", ""),
        endpoint([json(200, "{\"access_token\":")])
            .fails(0, "auth", "parse")
            .asks(6),
        endpoint([json(500, "")]).fails(0, "auth", "500").asks(6),
        endpoint([wire("")]).fails(0, "auth", "reset").asks(6),
        endpoint([json(503, ""), token("{\"access_token\":\"TOKEN\"}")]).asks(3),
        endpoint([to(302, "/login"), html(200)])
            .at("/login", [html(200)])
            .fails(0, "auth", "")
            .asks(2),
        endpoint([to(302, "{other}/token")])
            .other([json(200, "{}")])
            .fails(0, "auth", "")
            .asks(1)
            .asks_other(1),
        endpoint([to(307, "{other}/token")])
            .other([json(200, "{}")])
            .fails(0, "auth", "")
            .asks(1)
            .asks_other(1),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_tokens() {
    let good = || token("{\"access_token\":\"TOKEN\",\"expires_in\":3600}");
    let served = |data: Vec<Answer>| oauth("").at("/token", [good()]).at("/", data);
    check_all(vec![
        served(vec![json(401, ""), json(200, "{}")]).asks(4),
        served(vec![json(401, "{\"no\":1}")])
            .fails(0, "status", "answered 401")
            .asks(4),
        served(vec![json(401, ""), json(401, ""), json(200, "{}")])
            .fails(0, "status", "401")
            .asks(4),
        served(vec![json(401, ""), json(403, "")])
            .fails(0, "status", "403")
            .asks(4),
        oauth("")
            .at("/token", [good(), json(400, "{\"error\":\"revoked\"}")])
            .at("/", [json(401, "")])
            .fails(0, "auth", "revoked")
            .asks(3),
        oauth("")
            .at("/token", [token("{\"access_token\":\"TOKEN\",\"expires_in\":0}")])
            .at("/", [json(200, "{}")])
            .asks(2),
        oauth("")
            .at(
                "/token",
                [token("{\"access_token\":\"TOKEN\",\"expires_in\":-5}")],
            )
            .at("/", [json(200, "{}")])
            .asks(2),
        oauth("")
            .at(
                "/token",
                [token("{\"access_token\":\"TOKEN\",\"expires_in\":\"3600\"}")],
            )
            .at("/", [json(200, "{}")])
            .asks(2),
        oauth("")
            .at(
                "/token",
                [token("{\"access_token\":\"TOKEN\",\"expires_in\":1e300}")],
            )
            .at("/", [json(200, "{}")])
            .asks(2),
    ])
    .await;
}

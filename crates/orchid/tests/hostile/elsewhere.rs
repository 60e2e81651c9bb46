//! URLs taken out of a response: credentials go along to the plan's own origin only.

use orchid_engine::outcome::Outcome;

use crate::answer::{json, to};
use crate::case::{Case, case, check_all};

/// A list whose one item has this `href`, and a step that fetches it with the secret wherever one can be.
fn fetching(href: &str) -> Case {
    with_step(
        href,
        "params: { key: \"${config.token}\" }\n    headers: { X-Key: \"${config.token}\", X-Plain: plain }",
    )
}

fn with_step(href: &str, fields: &str) -> Case {
    let steps = format!(
        "steps:\n  file:\n    iterate_over: parent.body\n    url: ${{item.href}}\n    max_retries: 0\n    {fields}"
    );
    case("fetching", &steps).at("/data", [json(200, format!("[{{\"href\":{href}}}]"))])
}

/// A step whose origin is put together from a response's parts, and must not get the credentials.
fn origin_of(url: &str) -> Case {
    let steps = format!(
        "steps:\n  file:\n    iterate_over: parent.body\n    url: \"{url}\"\n    headers: {{ X-Key: \"${{config.token}}\" }}\n    params: {{ key: \"${{config.token}}\"PORT }}\n    max_retries: 0"
    );
    let port = if url.contains("{+port}") {
        ", port: \"${item.port}\""
    } else {
        ""
    };
    case("origin", &steps.replace("PORT", port))
        .top("values: { there: item.href }")
        .at(
            "/data",
            [json(
                200,
                "[{\"href\":\"{other}\",\"port\":{other_port},\"scheme\":\"http\",\"path\":\"/file\"}]",
            )],
        )
        .other([json(200, "{}")])
        .succeeds(2)
        .asks_other(1)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn taken_out_of_a_response() {
    let file = || [json(200, "{\"file\":1}")];
    let partial = |case: Case, kind: &'static str, message: &'static str| {
        case.ends(Outcome::Partial, 1, &[(kind, message)])
    };
    check_all(vec![
        fetching("\"{api}/file\"")
            .at("/file", file())
            .succeeds(2)
            .asks(2)
            .sends("GET /file?key=S3CR3T"),
        fetching("\"{other}/file\"")
            .other(file())
            .succeeds(2)
            .asks_other(1),
        fetching("\"{other}/file?x=1\"")
            .other(file())
            .succeeds(2)
            .asks_other(1),
        with_step("\"{other}/file\"", "auth: none")
            .other(file())
            .succeeds(2)
            .asks_other(1),
        partial(
            with_step(
                "\"{other}/file\"",
                "method: POST\n    body: { key: \"${config.token}\" }",
            )
            .other(file()),
            "definition",
            "body: holds a secret",
        ),
        with_step(
            "\"{api}/file\"",
            "method: POST\n    body: { key: \"${config.token}\" }",
        )
        .at("/file", file())
        .succeeds(2)
        .asks(2)
        .sends("\r\n\r\n{\"key\":\"S3CR3T"),
        // A presigned link that leads on.
        fetching("\"{api}/file\"")
            .at("/file", [to(302, "{other}/x")])
            .other(file())
            .succeeds(2)
            .asks(2)
            .asks_other(1),
        // And one from elsewhere that leads back: what was not sent there does not come back either.
        fetching("\"{other}/file\"")
            .at("/back", file())
            .other([to(302, "{api}/back")])
            .succeeds(2)
            .asks(2)
            .asks_other(1)
            .sends("GET /back HTTP/1.1\r\nx-plain"),
        partial(
            fetching("\"http://169.254.169.254/latest\""),
            "address",
            "169.254.169.254",
        ),
        partial(
            fetching("\"http://user:pass@127.0.0.1:9/\""),
            "definition",
            "a user and a password",
        ),
        partial(fetching("\"file:///etc/passwd\""), "definition", "`file`"),
        partial(fetching("\"/file\""), "definition", "not a URL"),
        partial(fetching("\"\""), "definition", "empty"),
        partial(fetching("null"), "definition", "empty"),
        partial(fetching("[]"), "definition", "url"),
        partial(fetching("{}"), "definition", "url"),
        partial(fetching("7"), "definition", "not a URL"),
        partial(fetching("\"http://nowhere.invalid/\""), "dns", "nowhere.invalid"),
        partial(fetching("\"http://127.0.0.1:9/\""), "connect", "refused"),
        with_step("\"{other}/\"", "next_url: response.body.next")
            .other([json(200, "{\"next\":\"{api}/b\"}")])
            .ends(Outcome::Partial, 2, &[("redirect", "leads to")])
            .asks_other(1),
        origin_of("http://127.0.0.1:${item.port}/file"),
        origin_of("${item.scheme}://127.0.0.1:${item.port}/file"),
        origin_of("${$.item.href}/file"),
        origin_of("${values.there}/file"),
        origin_of("{there}/file"),
        origin_of("${let $h = item.href in $h}/file"),
        origin_of("{other_url}${item.port}/x").config("other_url", "http://127.0.0.1:"),
        origin_of("{other_url}{+port}/x").config("other_url", "http://127.0.0.1:"),
        case(
            "an allowed host gets the credentials",
            "next_url: response.body.next",
        )
        .top("http: { allowed_hosts: [\"nowhere.invalid\"] }")
        .at("/data", [json(200, "{\"next\":\"http://nowhere.invalid/b\"}")])
        .fails(1, "dns", "nowhere.invalid"),
        case(
            "a link that a run before has saved, else the config's own URL",
            "url: \"${context.saved.link || config.base_url}/data\"\nsave: { link: response.body.link }",
        )
        .api([json(200, "{}")])
        .succeeds(1)
        .sends("S3CR3T"),
        case(
            "the parent's own URL",
            "steps:\n  again:\n    url: ${parent.url}\n    headers: { X-Key: \"${config.token}\" }",
        )
        .api([json(200, "{}")])
        .succeeds(2)
        .asks(2)
        .sends("x-key: S3CR3T"),
        case(
            "the config's other origin is the author's word",
            "steps:\n  there:\n    url: \"{other_url}/there\"\n    auth: none",
        )
        .api([json(200, "{}")])
        .other([json(200, "{}")])
        .succeeds(2)
        .asks_other(1),
    ])
    .await;
}

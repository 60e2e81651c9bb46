//! Whose failure it is, and what goes on.

use orchid_engine::outcome::Outcome;

use crate::answer::json;
use crate::case::{Case, case, check_all};

/// Three items of which the second is refused.
fn three(fields: &str) -> Case {
    over("[1,2,3]", fields)
}

fn over(list: &str, fields: &str) -> Case {
    let steps = format!(
        "steps:\n  one:\n    iterate_over: parent.body\n    concurrency: 1\n    url: \"{{base_url}}/u/${{item}}\"\n{fields}"
    );
    case("over", &steps)
        .at("/data", [json(200, list)])
        .at("/u/2", [json(403, "{\"no\":2}")])
        .at("/u", [json(200, "{}")])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outcomes() {
    let below = "steps:\n  one:\n    url: \"{base_url}/one\"\n    max_retries: 0";
    check_all(vec![
        three("").ends(Outcome::Partial, 3, &[("status", "403")]).asks(4).shows("\"dead_letter\":true"),
        three("    on_error: continue").ends(Outcome::Partial, 3, &[("status", "403")]).asks(4),
        over("[2]", "    on_error: fail").ends(Outcome::Failed, 1, &[("status", "403")]).asks(2),
        three("    skip_when: response.status_code == 403").succeeds(3).asks(4),
        over("[2]", "    abort_when: response.status_code == 403").ends(Outcome::Aborted, 1, &[("aborted", "403")]).asks(2),
        case("a step without items fails the run", below)
            .at("/data", [json(200, "{}")])
            .at("/one", [json(500, "")])
            .fails(1, "status", "500")
            .asks(2),
        case("a sibling is not hurt", "steps:\n  one: { url: \"{base_url}/one\", max_retries: 0, on_error: continue }\n  two: { url: \"{base_url}/two\" }")
            .at("/data", [json(200, "{}")])
            .at("/one", [json(500, "")])
            .at("/two", [json(200, "{}")])
            .ends(Outcome::Failed, 2, &[("status", "500")])
            .asks(3),
        case("every item fails, but the list was emitted", "steps:\n  one:\n    iterate_over: parent.body\n    url: \"{base_url}/u\"")
            .at("/data", [json(200, "[1,2]")])
            .at("/u", [json(403, "")])
            .ends(Outcome::Partial, 1, &[("status", "403"), ("status", "403")])
            .asks(3),
        case("every item fails, and nothing was emitted", "emit: false\nsteps:\n  one:\n    iterate_over: parent.body\n    url: \"{base_url}/u\"")
            .at("/data", [json(200, "[1,2]")])
            .at("/u", [json(403, "")])
            .ends(Outcome::Failed, 0, &[("status", "403"), ("status", "403")])
            .asks(3),
        case("a failure below an item is the item's", "steps:\n  one:\n    iterate_over: parent.body\n    url: \"{base_url}/u/${item}\"\n    steps:\n      two: { url: \"{base_url}/v/${parent.item}\", on_error: continue }")
            .at("/data", [json(200, "[1,2]")])
            .at("/u", [json(200, "{}")])
            .at("/v/1", [json(403, "")])
            .at("/v", [json(200, "{}")])
            .ends(Outcome::Partial, 4, &[("status", "403")])
            .asks(5),
        case("no error record shows a secret of the request", "method: POST\nbody: { key: \"${config.token}\" }")
            .api([json(400, "{\"error\":\"bad key\"}")])
            .fails(0, "status", "bad key"),
        case("an API that answers with the key it was sent", "")
            .api([json(400, "").header("X-Your-Key", "S3CR3T/of+the=config~7")])
            .fails(0, "status", "400")
            .shows("\"x-your-key\":\"[redacted]\""),
        case("a reason that quotes the key", "steps: {}")
            .api([crate::answer::wire("HTTP/1.1 400 S3CR3T/of+the=config~7\r\nContent-Length: 0\r\n\r\n")])
            .fails(0, "status", "400"),
        case("a cookie that it sets", "").api([json(200, "{}").header("Set-Cookie", "sid=T0K3N-of-the-endpoint; Path=/")]).shows("\"set-cookie\":[\"[redacted]\"]"),
        case("a redirect that quotes the key", "")
            .at("/data", [crate::answer::to(302, "/there?k=S3CR3T%2Fof%2Bthe%3Dconfig~7")])
            .at("/there", [json(403, "")])
            .fails(0, "status", "403")
            .asks(2),
    ])
    .await;
}

//! Values that others would round, merge or lose, and lists that are none.

use orchid_engine::outcome::Outcome;

use crate::answer::json;
use crate::case::{Case, case, check_all};

/// Saves this expression over this body.
fn saving(body: &str, expression: &str, saved: &'static str) -> Case {
    case("saving", &format!("save: {{ v: \"{expression}\" }}"))
        .api([json(200, body.to_owned())])
        .saves("v", saved)
}

/// A step that runs over `parent.body.list`, which is this.
fn over(list: &str) -> Case {
    case(
        "over",
        "steps:\n  one:\n    iterate_over: parent.body.list\n    url: \"{base_url}/one\"",
    )
    .at("/data", [json(200, format!("{{\"list\":{list}}}"))])
    .at("/one", [json(200, "{}")])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers() {
    let ids = "steps:\n  one:\n    iterate_over: parent.body\n    url: \"{base_url}/u/${item.id}\"";
    let id = |id: &str| {
        case("id", ids)
            .at("/data", [json(200, format!("[{{\"id\":{id}}}]"))])
            .at("/u", [json(200, "{}")])
    };
    check_all(vec![
        id("9223372036854775807")
            .succeeds(2)
            .asks(2)
            .sends("GET /u/9223372036854775807 ")
            .shows("[{\"id\":9223372036854775807}]"),
        id("-9223372036854775808")
            .succeeds(2)
            .asks(2)
            .sends("GET /u/-9223372036854775808 "),
        id("18446744073709551615")
            .succeeds(2)
            .asks(2)
            .sends("GET /u/18446744073709551615 ")
            .shows("\"item\":{\"id\":18446744073709551615}"),
        id("9007199254740993")
            .succeeds(2)
            .asks(2)
            .sends("GET /u/9007199254740993 ")
            .shows("\"item\":{\"id\":9007199254740993}"),
        id("1.10")
            .succeeds(2)
            .asks(2)
            .sends("GET /u/1.10 ")
            .shows("\"item\":{\"id\":1.10}"),
        id("1e2")
            .succeeds(2)
            .asks(2)
            .sends("GET /u/1e2 ")
            .shows("[{\"id\":1e2}]"),
        id("-0").succeeds(2).asks(2).sends("GET /u/-0 "),
        id("0.1000000000000000055511151231257827")
            .succeeds(2)
            .asks(2)
            .shows("0.1000000000000000055511151231257827"),
        saving(
            "{\"v\":9223372036854775807}",
            "response.body.v",
            "9223372036854775807",
        ),
        saving(
            "{\"v\":18446744073709551615}",
            "response.body.v",
            "18446744073709551615",
        ),
        saving("{\"v\":1.10}", "response.body.v", "1.10"),
        saving(
            "{\"v\":[9007199254740993,9007199254740992]}",
            "max(response.body.v)",
            "9007199254740993",
        ),
        saving(
            "{\"v\":9007199254740993}",
            "response.body.v == 9007199254740992",
            "false",
        ),
        saving("{\"v\":1e400}", "response.body.v", "1e400"),
        saving("{\"a\":1,\"v\":1,\"v\":2}", "response.body.v", "2"),
        saving("{\"v\":{\"v\":1}}", "response.body.v.v.v", "absent"),
        saving("{\"v\":null}", "response.body.v", "absent"),
        saving("[]", "max(response.body[].v)", "absent"),
        saving("null", "response.body.v", "absent"),
        saving("\"text\"", "response.body.v", "absent"),
        saving("7", "response.body", "7"),
        saving("{\"v\":\"\"}", "response.body.v", "\"\""),
        case("duplicate keys are emitted as they came", "")
            .api([json(200, "{\"a\":1,\"a\":2}")])
            .shows("\"body\":{\"a\":1,\"a\":2}"),
        case("tokens are emitted as they came", "")
            .api([json(200, "{ \"a\" : 1.10e+02 , \"b\":\"\\u00e4\\/\" }")])
            .shows("\"body\":{ \"a\" : 1.10e+02 , \"b\":\"\\u00e4\\/\" }"),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists() {
    let not_a_list = |list: &str, message: &'static str| over(list).fails(1, "expression", message);
    check_all(vec![
        over("[]").succeeds(1),
        over("null").succeeds(1),
        over("[1,2,3]").succeeds(4).asks(4),
        over("[null,null]").succeeds(3).asks(3),
        over("[[],{}]").succeeds(3).asks(3),
        not_a_list("{\"a\":1}", "gives object, not an array"),
        not_a_list("{}", "gives object, not an array"),
        not_a_list("\"abc\"", "gives string, not an array"),
        not_a_list("\"\"", "gives string, not an array"),
        not_a_list("7", "gives number, not an array"),
        not_a_list("false", "gives boolean, not an array"),
        case("an error page in place of the list", "max_retries: 0\nsteps:\n  one:\n    iterate_over: parent.body\n    url: \"{base_url}/one\"")
            .api([json(200, "{\"error\":\"quota\"}")])
            .fails(1, "expression", "gives object"),
        case("doubles", "steps:\n  one:\n    iterate_over: parent.body\n    unique_by: item\n    url: \"{base_url}/one\"")
            .at("/data", [json(200, "[1,1.0,1,\"1\",null,null]")])
            .at("/one", [json(200, "{}")])
            .succeeds(4)
            .asks(4),
        case("`when` on what has no order", "steps:\n  one:\n    iterate_over: parent.body\n    when: item.n > 5\n    url: \"{base_url}/one\"")
            .at("/data", [json(200, "[{\"n\":6},{\"n\":\"7\"},{\"n\":null},{}]")])
            .at("/one", [json(200, "{}")])
            .ends(Outcome::Partial, 2, &[("expression", "when")])
            .asks(2),
        case("the plan's own list from the config", "iterate_over: config.base_url")
            .fails(0, "expression", "gives string")
            .asks(0),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn saved() {
    let large = format!("{{\"v\":\"{}\"}}", "x".repeat(70_000));
    let tight = |length: usize| format!("{{\"v\":\"{}\"}}", "x".repeat(length - 2));
    let many: Vec<_> = (0..17).map(|n| format!("\n  s{n}: response.body.v")).collect();
    check_all(vec![
        case("a secret", "save: { v: config.token }")
            .api([json(200, "{}")])
            .fails(1, "definition", "made from a secret")
            .saves("v", "absent"),
        case(
            "what is made from a secret",
            "save: { v: \"join('-', ['a', config.token])\" }",
        )
        .api([json(200, "{}")])
        .fails(1, "definition", "made from a secret"),
        case(
            "the request's URL with a secret in it",
            "save: { v: response.request.url }",
        )
        .api([json(200, "{}")])
        .fails(1, "definition", "made from a secret"),
        case(
            "the answer's URL with a secret in it",
            "save: { v: response.url }",
        )
        .api([json(200, "{}")])
        .fails(1, "definition", "made from a secret"),
        case(
            "a parameter that is a secret",
            "save: { v: response.request.params.api_key }",
        )
        .api([json(200, "{}")])
        .fails(1, "definition", "made from a secret"),
        case(
            "a body that holds a secret",
            "method: POST\nbody: { k: \"${config.token}\" }\nsave: { v: response.request.body.k }",
        )
        .api([json(200, "{}")])
        .fails(1, "definition", "made from a secret"),
        case(
            "a URL without a secret",
            "params: { a: 1 }\nsave: { v: response.request.params.a }",
        )
        .api([json(200, "{}")])
        .saves("v", "\"1\""),
        case("more than a field holds", "save: { v: response.body.v }")
            .api([json(200, large)])
            .fails(1, "context_size", "at most 65536")
            .saves("v", "absent"),
        case("just what a field holds", "save: { v: response.body.v }").api([json(200, tight(65_536))]),
        case("one byte more", "save: { v: response.body.v }")
            .api([json(200, tight(65_537))])
            .fails(1, "context_size", "65537 bytes"),
        case("more than a poll holds", &format!("save:{}", many.concat()))
            .api([json(200, tight(65_536))])
            .fails(1, "context_size", "a poll holds at most 1048576"),
        case(
            "times and text have an order, numbers and text have none",
            "save: { v: { value: response.body.v, merge: max } }\nwhile: context.iteration < 1",
        )
        .api([json(200, "{\"v\":1}"), json(200, "{\"v\":\"a\"}")])
        .ends(Outcome::Failed, 2, &[("expression", "no order")])
        .asks(2),
        case(
            "a failed run moves nothing",
            "save: { v: response.body.v }\nsteps:\n  one: { url: \"{base_url}/one\", max_retries: 0 }",
        )
        .at("/data", [json(200, "{\"v\":1}")])
        .at("/one", [json(500, "")])
        .fails(1, "status", "500")
        .asks(2)
        .saves("v", "absent"),
        case(
            "a skipped response saves nothing",
            "save: { v: response.body.v }\nskip_when: response.status_code == 404",
        )
        .api([json(404, "{\"v\":1}")])
        .succeeds(0)
        .saves("v", "absent"),
        case(
            "a function that refuses",
            "save: { v: \"to_number(response.body.v) + 1\" }",
        )
        .api([json(200, "{\"v\":\"x\"}")])
        .saves("v", "absent"),
        case("a type error", "save: { v: \"length(response.body.v)\" }")
            .api([json(200, "{\"v\":7}")])
            .fails(1, "expression", "save.v"),
    ])
    .await;
}

//! Redirects: in circles, too many, to other origins, to what is no web page, to where nobody may go.

use crate::answer::{json, to};
use crate::case::{SECRET, case, check_all};

const HTTP: &str = "http: { redirects: 3 }";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn followed_or_not() {
    let moved = |status: u16| {
        case("moved", "")
            .at("/data", [to(status, "/there")])
            .at("/there", [json(200, "{}")])
            .asks(2)
            .sends("GET /there ")
    };
    check_all(vec![
        moved(301),
        moved(302),
        moved(303),
        moved(307),
        moved(308),
        case("relative to its page", "url: \"{base_url}/a/b\"")
            .at("/a/b", [to(302, "c?d=1")])
            .at("/a/c", [json(200, "{}")])
            .asks(2)
            .sends("GET /a/c?d=1 "),
        case("without a place", "")
            .api([json(302, "{}")])
            .fails(0, "status", "302"),
        case("300 is not followed", "")
            .api([to(300, "/there")])
            .fails(0, "status", "300"),
        case("304 is not followed", "")
            .api([to(304, "/there")])
            .fails(0, "status", "304"),
        case("305 is not followed", "")
            .api([to(305, "{other}/")])
            .fails(0, "status", "305"),
        case("none wanted", "success_when: response.status_code == 302")
            .top("http: { redirects: 0 }")
            .api([to(302, "/there")])
            .succeeds(1),
        case("none wanted, judged", "")
            .top("http: { redirects: 0 }")
            .api([to(302, "/there")])
            .fails(0, "status", "302"),
        case("to itself", "max_retries: 3")
            .api([to(302, "/data?api_key=S3CR3T%2Fof%2Bthe%3Dconfig~7")])
            .fails(0, "redirect", "in a circle"),
        case("in a circle of two", "max_retries: 3")
            .at("/data", [to(302, "/b")])
            .at("/b", [to(302, "/c")])
            .at("/c", [to(302, "/b")])
            .fails(0, "redirect", "in a circle")
            .asks(3),
        case("too many", "")
            .top(HTTP)
            .at("/data", [to(302, "/1")])
            .at("/1", [to(302, "/2")])
            .at("/2", [to(302, "/3")])
            .at("/3", [to(302, "/4")])
            .fails(0, "redirect", "once more after 3 redirects")
            .asks(4),
        case("just not too many", "")
            .top(HTTP)
            .at("/data", [to(302, "/1")])
            .at("/1", [to(302, "/2")])
            .at("/2", [to(302, "/3")])
            .at("/3", [json(200, "{}")])
            .asks(4),
        case("a 303 makes a GET of a POST", "method: POST\nbody: { a: 1 }")
            .at("/data", [to(303, "/there")])
            .at("/there", [json(200, "{}")])
            .asks(2)
            .sends("GET /there "),
        case("a 307 keeps method and body", "method: POST\nbody: { a: 1 }")
            .at("/data", [to(307, "/there")])
            .at("/there", [json(200, "{}")])
            .asks(2)
            .sends("POST /there "),
        case(
            "the request after it is as the first",
            "save: { s: response.status_code }",
        )
        .at("/data", [to(302, "/there?x=1")])
        .at("/there", [json(200, "{}")])
        .asks(2)
        .sends("x-api-key"),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn to_other_origins() {
    let there = |status: u16| {
        case("elsewhere", "")
            .api([to(status, "{other}/there")])
            .other([json(200, "{}")])
            .asks_other(1)
    };
    check_all(vec![
        there(301),
        there(302),
        there(307),
        there(308),
        case("the query copied to another origin", "")
            .api([to(
                302,
                "{other}/there?api_key=S3CR3T%2Fof%2Bthe%3Dconfig~7&page=2",
            )])
            .other([json(200, "{}")])
            .asks_other(1),
        case("away and back: what was dropped stays dropped", "")
            .at("/data", [to(302, "{other}/there")])
            .at("/back", [json(200, "{}")])
            .other([to(302, "{api}/back")])
            .asks(2)
            .asks_other(1)
            .sends("GET /back HTTP/1.1\r\naccept"),
        case(
            "a body with a secret is not sent on",
            "method: POST\nbody: { key: \"${config.token}\" }",
        )
        .api([to(307, "{other}/there")])
        .fails(0, "redirect", "the body carries a credential"),
        case(
            "a body with a secret is dropped by a 303",
            "method: POST\nbody: { key: \"${config.token}\" }",
        )
        .api([to(303, "{other}/there")])
        .other([json(200, "{}")])
        .asks_other(1),
        case("a key in the query of a flow", "params: {}\nheaders: {}")
            .top("auth:\n  main: { type: api_key, query: key, value: \"${config.token}\" }")
            .api([to(302, "{other}/there")])
            .other([json(200, "{}")])
            .sends("key=S3CR3T")
            .asks_other(1),
        case("a cookie of a flow", "params: {}\nheaders: {}")
            .top("auth:\n  main: { type: api_key, cookie: sid, value: \"${config.token}\" }")
            .api([to(302, "{other}/there")])
            .other([json(200, "{}")])
            .asks_other(1),
        case("basic credentials", "params: {}\nheaders: {}")
            .top("auth:\n  main: { type: basic, username: user, password: \"${config.token}\" }")
            .api([to(302, "{other}/there")])
            .other([json(200, "{}")])
            .asks_other(1),
        case("the other origin answers nonsense", "max_retries: 0")
            .api([to(302, "{other}/there")])
            .other([json(200, "{")])
            .fails(0, "parse", "")
            .asks_other(1),
        case("the other origin refuses", "")
            .api([to(302, "{other}/there")])
            .other([json(403, "{}")])
            .fails(0, "status", "403")
            .asks_other(1),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn to_where_nobody_goes() {
    let refused = |place: &str, kind: &'static str, message: &'static str| {
        case("refused", "max_retries: 3")
            .api([to(302, place)])
            .fails(0, kind, message)
    };
    check_all(vec![
        refused("file:///etc/passwd", "redirect", "no web page (`file:`)"),
        refused("ftp://127.0.0.1/x", "redirect", "no web page (`ftp:`)"),
        refused("gopher://127.0.0.1:70/_x", "redirect", "no web page"),
        refused("javascript:alert(1)", "redirect", "no web page"),
        refused("data:application/json,{}", "redirect", "no web page"),
        refused("http://", "redirect", "no URL"),
        refused("http://[::1", "redirect", "no URL"),
        refused(
            "http://user:pass@127.0.0.1:9/",
            "redirect",
            "a user or a password",
        ),
        refused(
            "http://169.254.169.254/latest/meta-data/",
            "address",
            "169.254.169.254",
        ),
        refused("http://169.254.1.1/", "address", "169.254.1.1"),
        refused("http://2852039166/", "address", "169.254.169.254"),
        refused("http://0xA9FEA9FE/", "address", "169.254.169.254"),
        refused("http://[::ffff:169.254.169.254]/", "address", "169.254"),
        refused("http://[::ffff:a9fe:a9fe]/", "address", "169.254"),
        refused("http://[fe80::1]/", "address", "fe80::1"),
        refused("http://[fd00:ec2::254]/", "address", "fd00:ec2::254"),
        refused("http://255.255.255.255/", "address", "255.255.255.255"),
        case(
            "the document itself names the metadata service",
            "url: http://169.254.169.254/latest",
        )
        .fails(0, "address", "169.254.169.254")
        .asks(0),
        case("the config names it", "")
            .config("base_url", "http://169.254.169.254")
            .fails(0, "address", "")
            .asks(0),
        case("the config names a user", "")
            .config(
                "base_url",
                format!("http://user:{SECRET}@127.0.0.1")
                    .as_str()
                    .replace('/', "%2F")
                    .replace("http:%2F%2F", "http://"),
            )
            .fails(0, "definition", "")
            .asks(0),
        case("the config names a file", "")
            .config("base_url", "file:///etc")
            .fails(0, "definition", "`file`")
            .asks(0),
        case("the config names nothing", "")
            .config("base_url", "")
            .fails(0, "definition", "base_url")
            .asks(0),
        case("the config names no URL", "")
            .config("base_url", "api.example")
            .fails(0, "definition", "not a URL")
            .asks(0),
    ])
    .await;
}

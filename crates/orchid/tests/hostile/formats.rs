//! Bodies that are not what they say.

use crate::answer::{html, json, typed};
use crate::case::{case, check_all};

const NDJSON: &str = "application/x-ndjson";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn not_json() {
    check_all(vec![
        case(
            "a login page where JSON is declared",
            "parse: json\nmax_retries: 1",
        )
        .api([html(200)])
        .fails(0, "parse", "at byte")
        .asks(2),
        case("a login page, then JSON", "parse: json")
            .api([html(200), json(200, "{}")])
            .succeeds(1)
            .asks(2),
        case("a login page that calls itself JSON", "max_retries: 0")
            .api([json(200, "<html>no</html>")])
            .fails(0, "parse", "at byte"),
        case(
            "a login page that a list is taken from",
            "max_retries: 0\nsave: { id: \"response.body.id\" }",
        )
        .api([html(200)])
        .succeeds(1)
        .saves("id", "absent"),
        case("a login page that nobody reads is emitted as text", "")
            .api([html(200)])
            .succeeds(1)
            .shows("\"format\":\"text\""),
        case("a login page under a status that fails", "parse: json")
            .api([html(404)])
            .fails(0, "status", "404"),
        case(
            "a login page under a status that is skipped",
            "parse: json\nskip_when: response.status_code == 404",
        )
        .api([html(404)])
        .succeeds(0),
        case(
            "an error page of HTML is judged by its text",
            "parse: json\nabort_when: contains(response.text, 'log in')",
        )
        .api([html(403)])
        .ends(
            orchid_engine::outcome::Outcome::Aborted,
            0,
            &[("aborted", "the API answered 403")],
        ),
        case("JSON that ends early", "max_retries: 0")
            .api([json(200, r#"{"a":[1,2"#)])
            .fails(0, "parse", "at byte 9"),
        case("JSON with something behind", "max_retries: 0")
            .api([json(200, "{} {}")])
            .fails(0, "parse", "at byte 3"),
        case("JSON with a trailing comma", "max_retries: 0")
            .api([json(200, "[1,]")])
            .fails(0, "parse", "at byte 3"),
        case("NaN", "max_retries: 0")
            .api([json(200, r#"{"a":NaN}"#)])
            .fails(0, "parse", "at byte 5"),
        case("a lone surrogate is data", "")
            .api([json(200, r#"{"a":"\ud800"}"#)])
            .succeeds(1)
            .shows(r#"{"a":"\ud800"}"#),
        case("empty", "")
            .api([json(200, "")])
            .succeeds(1)
            .shows("\"body\":null"),
        case("empty where JSON is declared", "parse: json")
            .api([typed(200, "text/plain", "")])
            .succeeds(1),
        case("as deep as it may be", "save: { v: response.body.a }")
            .api([json(200, format!("{}{}", "[".repeat(100), "]".repeat(100)))])
            .succeeds(1),
        case("too deep, read", "max_retries: 0\nsave: { v: response.body.a }")
            .api([json(200, "[".repeat(100_000))])
            .fails(0, "parse", "more than 128 levels"),
        case("too deep, not read", "max_retries: 0")
            .api([json(200, "[".repeat(100_000))])
            .fails(0, "parse", "more than 128 levels"),
        case("a byte-order mark", "save: { id: response.body.id }")
            .api([json(200, "\u{feff}{\"id\":7}")])
            .succeeds(1)
            .shows("\"body\":{\"id\":7}")
            .saves("id", "7"),
        case("not UTF-8 within JSON", "max_retries: 0")
            .api([json(200, &b"{\"a\":\"\xff\xfe\"}"[..])])
            .fails(0, "parse", "UTF-8"),
        case("text that is not UTF-8 goes as base64", "")
            .api([typed(200, "text/plain", &b"\xff\xfe\x00"[..])])
            .succeeds(1)
            .shows("\"body_base64\":\"//4A\""),
        case("UTF-16 is converted", "parse: json\nmax_retries: 0")
            .api([json(200, &b"\xff\xfe{\0}\0"[..])])
            .succeeds(1)
            .shows("\"body\":{}"),
        case("a NUL byte", "max_retries: 0")
            .api([json(200, "{\"a\":\0}")])
            .fails(0, "parse", "at byte 5"),
        case("raw line breaks between tokens", "")
            .api([json(200, "{\n\"a\":\r\n1}")])
            .succeeds(1)
            .shows("\"body\":{ \"a\":  1}"),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines() {
    check_all(vec![
        case("lines of JSON", "save: { n: length(response.body) }")
            .api([typed(200, NDJSON, "{\"id\":1}\n\n{\"id\":2}\n")])
            .succeeds(1)
            .saves("n", "2"),
        case(
            "a broken line",
            "max_retries: 0\nparse: ndjson\nsave: { n: length(response.body) }",
        )
        .api([typed(200, NDJSON, "{\"id\":1}\n{\"id\":\n{\"id\":3}\n")])
        .fails(0, "parse", "at byte 16"),
        case(
            "a last line that is cut",
            "max_retries: 0\nparse: ndjson\nsave: { n: length(response.body) }",
        )
        .api([typed(200, NDJSON, "{\"id\":1}\n{\"id\":2")])
        .fails(0, "parse", "at byte 16"),
        case("nothing", "parse: ndjson\nsave: { n: length(response.body) }")
            .api([typed(200, NDJSON, "")])
            .succeeds(1),
        case("a login page", "parse: ndjson\nmax_retries: 0")
            .api([html(200)])
            .fails(0, "parse", ""),
    ])
    .await;
}

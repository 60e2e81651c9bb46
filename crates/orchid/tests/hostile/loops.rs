//! Loops that a hostile API would keep running for ever.

use orchid_engine::outcome::Outcome;

use crate::answer::json;
use crate::case::{case, check_all};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bounded() {
    let pages = |count: usize| {
        (0..count)
            .map(|n| json(200, format!("{{\"n\":{n},\"more\":true}}")))
            .collect::<Vec<_>>()
    };
    check_all(vec![
        case("ever the same", "while: response.body.more").api([json(200, "{\"more\":true}")]).fails(1, "no_progress", "repeats itself").asks(2),
        case("the same request, ever another answer", "while: response.body.more").api(pages(5)).fails(2, "no_progress", "").asks(3),
        case("ever another page", "while: response.body.more\nparams: { p: \"${context.iteration}\" }\nmax_iterations: 4")
            .api(pages(9))
            .fails(4, "loop_limit", "max_iterations")
            .asks(4),
        case("a counter alone", "while: context.iteration < 3").api([json(200, "{}")]).succeeds(4).asks(4),
        case("a counter without an end", "while: context.iteration >= 0\nmax_iterations: 5")
            .api([json(200, "{}")])
            .fails(5, "loop_limit", "after 5 iterations")
            .asks(5),
        case("true for ever", "while: true\nmax_iterations: 5").api([json(200, "{}")]).fails(5, "loop_limit", "").asks(5),
        case("a variable", "while: vars.n < 3\nvars: { n: { init: 0, next: vars.n + 1 } }").api([json(200, "{}")]).succeeds(3).asks(3),
        case("a variable that a page spoils", "while: vars.n < 3\nvars: { n: { init: 0, next: response.body.n } }")
            .api([json(200, "{\"n\":1}"), json(200, "{\"n\":\"x\"}")])
            .fails(2, "expression", "while")
            .asks(2),
        case("a variable that becomes null", "while: vars.n < 3\nvars: { n: { init: 0, next: response.body.n } }")
            .api([json(200, "{\"n\":1}"), json(200, "{}")])
            .succeeds(2)
            .asks(2),
        case("broken off", "while: true\nbreak_when: response.body.last").api([json(200, "{}"), json(200, "{\"last\":true}")]).succeeds(2).asks(2),
        case("a wait between", "while: response.body.busy\nloop_wait: 10s")
            .api([json(200, "{\"busy\":true}"), json(200, "{\"busy\":true}"), json(200, "{\"busy\":true}"), json(200, "{\"busy\":false}")])
            .succeeds(4)
            .asks(4),
        case("a job that never ends", "while: response.body.busy\nloop_wait: 10s\nloop_timeout: 5s")
            .api([json(200, "{\"busy\":true}")])
            .fails(1, "loop_limit", "loop_timeout"),
        case("a job that never ends, counted", "while: response.body.busy\nloop_wait: 10s\nmax_iterations: 3")
            .api([json(200, "{\"busy\":true}")])
            .fails(3, "loop_limit", "max_iterations")
            .asks(3),
        case("an error ends it", "while: true\nmax_retries: 0").api([json(200, "{\"a\":1}"), json(500, "")]).fails(1, "status", "500").asks(2),
        case("pages by number that never get short", "paginate: { page: { param: page, size: 2, size_param: n } }\nmax_iterations: 3")
            .api([json(200, "[1,2]"), json(200, "[3,4]"), json(200, "[5,6]"), json(200, "[7,8]")])
            .fails(3, "loop_limit", "")
            .asks(3),
        case("a page that is no list", "paginate: { page: { param: page, size: 2, size_param: n } }")
            .api([json(200, "{\"error\":\"quota\"}")])
            .fails(1, "expression", "while"),
        case("a cursor that repeats itself", "paginate: { cursor: { from: response.body.next, param: c } }")
            .api([json(200, "{\"next\":\"a\"}")])
            .fails(2, "no_progress", "")
            .asks(3),
        case("a cursor that is data", "paginate: { cursor: { from: response.body.next, param: c } }")
            .api([json(200, "{\"next\":\"a&b=c#d\"}"), json(200, "{}")])
            .succeeds(2)
            .asks(2)
            .sends("c=a%26b%3Dc%23d"),
        case("a cursor that is an object", "paginate: { cursor: { from: response.body.next, param: c } }")
            .api([json(200, "{\"next\":{\"a\":1}}")])
            .fails(1, "definition", "params.c"),
        case("a loop of an item is that item's alone", "steps:\n  one:\n    iterate_over: parent.body\n    url: \"{base_url}/u/${item}\"\n    while: response.body.more")
            .at("/data", [json(200, "[1,2]")])
            .at("/u/1", [json(200, "{\"more\":true}")])
            .at("/u/2", [json(200, "{}")])
            .ends(Outcome::Partial, 3, &[("no_progress", "")])
            .asks(4),
    ])
    .await;
}

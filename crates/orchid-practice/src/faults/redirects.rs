//! Ways to be sent elsewhere: by a redirect, or by a link in the answer.

use serde_json::{Value, json};

use super::{Fault, made};
use crate::reply::Reply;

pub(super) const FAULTS: &[Fault] = &[
    made("redirect", "302 to /users of the same origin", |_, _| {
        to(302, "/users?page=1&per_page=2")
    }),
    made("redirect-303", "303 to /echo", |_, _| to(303, "/echo/303")),
    made("redirect-307", "307 to /echo: method and body stay", |_, _| {
        to(307, "/echo/307")
    }),
    made("redirect-308", "308 to /echo: method and body stay", |_, _| {
        to(308, "/echo/308")
    }),
    made("redirect-self", "302 to itself", |_, _| {
        to(302, "/faults/redirect-self")
    }),
    made("redirect-loop", "302 to a URL that redirects back", |_, _| {
        to(302, "/faults/redirect-back")
    }),
    made("redirect-back", "302 to redirect-loop", |_, _| {
        to(302, "/faults/redirect-loop")
    }),
    made(
        "redirect-chain",
        "as many redirects as ?left= says (11), then /echo",
        |_, exchange| match exchange.number("left").unwrap_or(11) {
            0 | 1 => to(302, "/echo/chain"),
            left => to(302, &format!("/faults/redirect-chain?left={}", left - 1)),
        },
    ),
    made("redirect-other", "302 to the second origin", |api, _| {
        to(302, &format!("{}/echo/other", api.other_url))
    }),
    made(
        "redirect-other-307",
        "307 to the second origin: method and body stay",
        |api, _| to(307, &format!("{}/echo/other", api.other_url)),
    ),
    made(
        "redirect-other-and-back",
        "302 to the second origin, which sends back here",
        |api, _| to(302, &format!("{}/faults/redirect-home", api.other_url)),
    ),
    made("redirect-home", "302 to /echo of the first origin", |api, _| {
        to(302, &format!("{}/echo/home", api.base_url))
    }),
    made(
        "redirect-userinfo",
        "302 to a URL with user name and password",
        |_, exchange| {
            to(
                302,
                &exchange
                    .absolute("/echo/userinfo")
                    .replacen("http://", "http://me:pw@", 1),
            )
        },
    ),
    made("redirect-file", "302 to file:///etc/passwd", |_, _| {
        to(302, "file:///etc/passwd")
    }),
    made(
        "redirect-metadata",
        "302 to the address of cloud metadata",
        |_, _| to(302, "http://169.254.169.254/latest/meta-data/"),
    ),
    made("redirect-nowhere", "302 without Location", |_, _| {
        Reply::new(302, "", "")
    }),
    made("redirect-bad", "302 to what is no URL", |_, _| {
        to(302, "http://[oops/")
    }),
    made(
        "next-other",
        "a page whose next (in body and Link) is on the second origin",
        |api, _| next(&json!(format!("{}/never/next", api.other_url))),
    ),
    made(
        "next-self",
        "a page that names itself as the next",
        |_, exchange| next(&json!(exchange.absolute("/faults/next-self"))),
    ),
    made(
        "next-cycle",
        "three pages that name one another in a circle (?at=0)",
        |_, exchange| {
            let at = exchange.number("at").unwrap_or(0) % 3;
            let url = exchange.absolute(&format!("/faults/next-cycle?at={}", (at + 1) % 3));
            Reply::json(json!({ "users": [{ "id": at }], "next": url }).to_string())
        },
    ),
    made("next-relative", "a page whose next is relative", |_, _| {
        next(&json!("next-end?from=relative"))
    }),
    made("next-end", "a page without a next", |_, _| next(&Value::Null)),
    made("next-empty", "a page whose next is an empty text", |_, _| {
        next(&json!(""))
    }),
    made("next-false", "a page whose next is false", |_, _| {
        next(&json!(false))
    }),
    made("next-number", "a page whose next is a number", |_, _| {
        next(&json!(42))
    }),
    made("next-object", "a page whose next is an object", |_, _| {
        next(&json!({ "href": "/never/o" }))
    }),
    made("next-file", "a page whose next is a file", |_, _| {
        next(&json!("file:///etc/passwd"))
    }),
    made("next-bad", "a page whose next is no URL", |_, _| {
        next(&json!("http://[oops/"))
    }),
    made(
        "next-metadata",
        "a page whose next is the address of cloud metadata",
        |_, _| next(&json!("http://169.254.169.254/latest/")),
    ),
    made(
        "next-userinfo",
        "a page whose next disguises the second origin as this one",
        |api, exchange| {
            let here = exchange.called.trim_start_matches("http://").to_owned();
            next(&json!(
                api.other_url.replacen("http://", &format!("http://{here}@"), 1) + "/never/userinfo"
            ))
        },
    ),
];

fn to(status: u16, location: &str) -> Reply {
    Reply::new(status, "", "").named("location", location)
}

fn next(next: &Value) -> Reply {
    let link = next.as_str().map(|url| format!("<{url}>; rel=\"next\""));
    let reply = Reply::json(json!({ "users": [{ "id": "u00001" }], "next": next }).to_string());
    match link {
        Some(link) => reply.named("link", &link),
        None => reply,
    }
}

//! The command itself: exit codes, and no secret in stdout, stderr, the trace or the state file.

use std::process::Command;

use assert_cmd::cargo::CommandCargoExt as _;

use crate::answer::{Answer, Piece, gzipped, head, html, json, to, typed, wire, wire_then};
use crate::case::{SECRET, leaked};
use crate::server::{self, Script};

struct Invocation {
    name: &'static str,
    fields: &'static str,
    answers: Vec<Answer>,
    code: i32,
    /// In stderr.
    told: &'static str,
    /// In stdout.
    shown: &'static str,
}

fn invocation(name: &'static str, fields: &'static str, answers: impl Into<Vec<Answer>>) -> Invocation {
    Invocation {
        name,
        fields,
        answers: answers.into(),
        code: 0,
        told: "p: succeeded",
        shown: "orchid.run.v1",
    }
}

impl Invocation {
    fn ends(mut self, code: i32, told: &'static str, shown: &'static str) -> Self {
        (self.code, self.told, self.shown) = (code, told, shown);
        self
    }

    /// Runs the command; all that is not as expected.
    async fn check(self) -> Result<(), String> {
        let folder = tempfile::tempdir().unwrap();
        let (api, other) = (server::bind().await, server::bind().await);
        let origins = (api.origin.clone(), other.origin.clone());
        let fill = move |bytes: &[u8]| match std::str::from_utf8(bytes) {
            Ok(text) => text
                .replace("{api}", &origins.0)
                .replace("{other}", &origins.1)
                .into_bytes(),
            Err(_) => bytes.to_vec(),
        };
        let script = |answers| Script {
            routes: vec![("/".to_owned(), answers)],
        };
        let other = other.serve(script(vec![json(200, "{}")]), fill.clone());
        let api = api.serve(script(self.answers), fill);
        let document = format!(
            "integration: hostile
config_schema:
  type: object
  properties: {{ base_url: {{ type: string }}, token: {{ type: string, secret: true }} }}
auth: {{ main: {{ type: bearer, token: \"${{config.token}}\" }} }}
plans:
  p:
    url: \"{{base_url}}/data\"
    params: {{ api_key: \"${{config.token}}\" }}
    headers: {{ X-Api-Key: \"${{config.token}}\" }}
    backoff: {{ base: 1ms, max: 5ms, jitter: none }}
    {}\n",
            self.fields.replace('\n', "\n    ")
        );
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("document.yaml"), document).unwrap();
        std::fs::write(
            at("config.yaml"),
            format!("base_url: {}\ntoken: {SECRET}\n", api.origin),
        )
        .unwrap();
        let mut command = Command::cargo_bin("orchid").unwrap();
        command.arg("run").arg(at("document.yaml"));
        for (flag, name) in [
            ("--config", "config.yaml"),
            ("--trace", "trace.jsonl"),
            ("--state", "state.json"),
        ] {
            command.arg(format!("{flag}={}", at(name).display()));
        }
        let output = tokio::task::spawn_blocking(move || command.output().unwrap())
            .await
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        let mut wrong = Vec::new();
        if output.status.code() != Some(self.code) {
            wrong.push(format!(
                "exit code {:?}, expected {}",
                output.status.code(),
                self.code
            ));
        }
        if !stderr.contains(self.told) || !stdout.contains(self.shown) {
            wrong.push(format!(
                "expected {:?} on stderr and {:?} on stdout",
                self.told, self.shown
            ));
        }
        let written = |name: &str| std::fs::read_to_string(at(name)).unwrap_or_default();
        let places = [
            ("stdout", stdout.clone()),
            ("stderr", stderr.clone()),
            ("the trace", written("trace.jsonl")),
            ("the state", written("state.json")),
            ("another origin", other.asked().join("\n")),
        ];
        for (place, text) in places {
            wrong.extend(leaked(&text).map(|secret| format!("{secret} is in {place}")));
        }
        if wrong.is_empty() {
            return Ok(());
        }
        Err(format!("{}: {}\n{stdout}\n{stderr}", self.name, wrong.join("; ")))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exit_codes_and_secrets() {
    let failed = |kind: &'static str| (4, kind);
    let mut cases = vec![
        invocation(
            "all is well",
            "save: { id: response.body.id }",
            [json(200, "{\"id\":9007199254740993}")],
        )
        .ends(0, "p: succeeded", "\"body\":{\"id\":9007199254740993}"),
        invocation(
            "one item of two fails",
            "steps:\n  one:\n    iterate_over: parent.body\n    url: \"{base_url}/u/${item}\"",
            [json(200, "[1,\"..\"]"), json(200, "{}")],
        )
        .ends(3, "p: partial", "\"dead_letter\":true"),
        invocation(
            "aborted",
            "abort_when: response.status_code == 403",
            [json(403, "{}")],
        )
        .ends(5, "p: aborted", "\"kind\":\"aborted\""),
        invocation(
            "a secret that is to be saved",
            "save: { url: response.request.url }",
            [json(200, "{}")],
        )
        .ends(4, "made from a secret", "\"kind\":\"definition\""),
        invocation("a document that is wrong", "nonsense: 1", [json(200, "{}")]).ends(2, "nonsense", ""),
        invocation(
            "a ten-mebibyte body and a byte",
            "",
            [json(200, "x".repeat((10 << 20) + 1))],
        )
        .ends(4, "10485760 bytes", "\"kind\":\"too_large\""),
        invocation(
            "an endless body",
            "max_response_bytes: 64KiB",
            [wire_then(head(""), Piece::Flood(vec![b' '; 4096]))],
        )
        .ends(4, "65536 bytes", "\"kind\":\"too_large\""),
        invocation(
            "an error that quotes the key",
            "",
            [typed(400, "text/plain", "bad key").header("X-Key", SECRET)],
        )
        .ends(4, "answered 400: bad key", "[redacted]"),
    ];
    let plain: [(&str, &str, Answer, (i32, &str)); 6] = [
        (
            "a login page",
            "parse: json\nmax_retries: 0",
            html(200),
            failed("parse in p:"),
        ),
        (
            "cut",
            "max_retries: 1",
            wire(head("Content-Length: 9\r\n") + "{"),
            failed("truncated in p:"),
        ),
        ("closed", "max_retries: 1", wire(""), failed("reset in p:")),
        (
            "a circle",
            "",
            to(302, "/data?api_key=S3CR3T%2Fof%2Bthe%3Dconfig~7"),
            failed("redirect in p:"),
        ),
        (
            "next elsewhere",
            "next_url: response.body.next",
            json(200, "{\"next\":\"{other}/b\"}"),
            failed("redirect in p:"),
        ),
        (
            "gzip cut",
            "max_retries: 0",
            gzipped(b"{\"a\":1}", 4),
            failed("truncated in p:"),
        ),
    ];
    for (name, fields, answer, (code, told)) in plain {
        cases.push(invocation(name, fields, [answer]).ends(code, told, "orchid.error.v1"));
    }
    cases.push(invocation(
        "elsewhere",
        "",
        [to(302, "{other}/x?api_key=S3CR3T%2Fof%2Bthe%3Dconfig~7")],
    ));
    let mut wrong = Vec::new();
    for case in cases {
        wrong.extend(case.check().await.err());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

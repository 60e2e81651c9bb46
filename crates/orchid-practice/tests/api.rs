//! The practice API as a client sees it, over real sockets.

use std::collections::BTreeSet;
use std::io;

use orchid_practice::verdicts::Rule;
use orchid_practice::{Options, PracticeApi, Running};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What came back, up to the end of the connection.
struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
    ended: io::Result<()>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .next()
    }
}

async fn send(base: &str, method: &str, target: &str, headers: &str, body: &str) -> Answer {
    let host = base.trim_start_matches("http://");
    let target = target.trim_start_matches(base);
    let mut stream = TcpStream::connect(host).await.expect("connects");
    let length = body.len();
    let request = format!(
        "{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.expect("is sent");
    let mut bytes = Vec::new();
    let ended = stream.read_to_end(&mut bytes).await.map(|_| ());
    let split = bytes
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .map_or(bytes.len(), |at| at + 4);
    let body = bytes.split_off(split);
    let head = String::from_utf8_lossy(&bytes).into_owned();
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .unwrap_or(0);
    Answer {
        status,
        head,
        body,
        ended,
    }
}

async fn get(api: &Running, target: &str) -> Answer {
    send(api.base_url(), "GET", target, "", "").await
}

async fn start() -> Running {
    PracticeApi::start(Options::default()).await.expect("starts")
}

/// Every user, in order, once.
fn check_all(ids: &[String], how: &str) {
    let wanted: Vec<String> = (1..=250).map(|number| format!("u{number:05}")).collect();
    assert_eq!(ids, wanted, "{how}");
}

fn ids(users: &Value) -> Vec<String> {
    let users = users.as_array().expect("a list");
    users
        .iter()
        .map(|user| user["id"].as_str().expect("an id").to_owned())
        .collect()
}

#[tokio::test]
async fn every_way_to_page_gives_every_user_once() {
    let api = start().await;

    let mut found = Vec::new();
    for page in 1.. {
        let users = get(&api, &format!("/users?page={page}&per_page=60")).await.json()["users"].take();
        if users == json!([]) {
            break;
        }
        found.extend(ids(&users));
    }
    check_all(&found, "page");

    let mut found = Vec::new();
    while found.len() < 250 {
        let page = get(&api, &format!("/by-offset/users?offset={}&limit=70", found.len()))
            .await
            .json();
        found.extend(ids(&page["items"]));
    }
    check_all(&found, "offset");

    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = get(&api, &format!("/by-cursor/users?cursor={cursor}"))
            .await
            .json();
        found.extend(ids(&page["data"]));
        assert_eq!(page["has_more"], json!(page["next_cursor"].is_string()));
        let Some(next) = page["next_cursor"].as_str() else {
            break;
        };
        next.clone_into(&mut cursor);
    }
    check_all(&found, "cursor");

    let (mut found, mut url) = (Vec::new(), Some(api.url("/by-link/users?per_page=99")));
    while let Some(target) = url {
        let page = get(&api, &target).await;
        found.extend(ids(&page.json()));
        let next = page
            .header("link")
            .and_then(|link| link.split(", ").find(|link| link.contains("\"next\"")));
        url = next.and_then(|link| Some(link.split_once('<')?.1.split_once('>')?.0.to_owned()));
    }
    check_all(&found, "link");

    let (mut found, mut url) = (Vec::new(), Some(api.url("/by-next/users")));
    while let Some(target) = url {
        let page = get(&api, &target).await.json();
        found.extend(ids(&page["value"]));
        url = page["next"].as_str().map(str::to_owned);
    }
    check_all(&found, "next");

    let (mut found, mut cursor) = (Vec::new(), Value::Null);
    loop {
        let body = json!({ "query": "users(first: $first, after: $after)", "variables": { "first": 40, "after": cursor } });
        let page = send(api.base_url(), "POST", "/graphql", "", &body.to_string())
            .await
            .json();
        found.extend(ids(&page["data"]["users"]["nodes"]));
        cursor = page["data"]["users"]["pageInfo"]["endCursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    check_all(&found, "graphql");
    assert_eq!(api.verdicts().violations, []);
}

#[tokio::test]
async fn numbers_keep_their_text() {
    let api = start().await;
    let text = String::from_utf8(get(&api, "/users/u00001").await.body).expect("UTF-8");
    assert_eq!(
        text,
        r#"{"id":"u00001","account":9007199254740993,"name":"Ada Lovelace","email":"user-00001@example.com","status":"ACTIVE","balance":1.10,"updated_at":"2026-01-01T00:00:00Z","manager":null}"#
    );
    assert_eq!(
        get(&api, "/accounts/9007199254740995").await.json()["id"],
        "u00002"
    );
    assert_eq!(get(&api, "/accounts/9007199254740994").await.status, 404);
}

#[tokio::test]
async fn groups_and_members_agree() {
    let api = start().await;
    let mut by_user = BTreeSet::new();
    for number in 1..=250 {
        let user = format!("u{number:05}");
        for group in ids(&get(&api, &format!("/users/{user}/groups")).await.json()) {
            by_user.insert((group, user.clone()));
        }
    }
    let mut by_group = BTreeSet::new();
    for group in ids(&get(&api, "/groups").await.json()) {
        let members = get(&api, &format!("/groups/{group}/members")).await.json();
        assert_eq!(
            members["total"],
            members["members"].as_array().map_or(0, Vec::len)
        );
        for member in members["members"].as_array().expect("a list") {
            let user = member["user_id"].as_str().expect("an id");
            by_group.insert((group.clone(), user.to_owned()));
            let path = format!("/groups/{group}/members/{user}/permissions");
            assert_eq!(get(&api, &path).await.status, 200);
        }
    }
    assert_eq!(by_user, by_group);
}

#[tokio::test]
async fn tokens_are_judged() {
    let api = start().await;
    let base = api.base_url();
    let client = "client_id=practice-client&client_secret=practice-client-secret";
    let body = format!("grant_type=client_credentials&{client}");
    let token = send(base, "POST", "/oauth/token", "", &body).await.json();
    assert_eq!(token["expires_in"], 300);
    let bearer = |token: &Value| {
        format!(
            "Authorization: Bearer {}\r\n",
            token["access_token"].as_str().expect("a token")
        )
    };

    let check = |headers: String, status: u16, rules: Vec<Rule>| {
        let api = &api;
        async move {
            let answer = send(
                api.base_url(),
                "GET",
                "/secured/bearer/users/u00001",
                &headers,
                "",
            )
            .await;
            let found: Vec<Rule> = api
                .verdicts()
                .violations
                .iter()
                .map(|violation| violation.rule)
                .collect();
            assert_eq!((answer.status, found), (status, rules), "{headers}");
            api.log()
        }
    };
    check(bearer(&token), 200, vec![]).await;
    check(String::new(), 401, vec![Rule::CredentialMissing]).await;
    let unknown = "Authorization: Bearer other\r\n".to_owned();
    check(
        unknown,
        401,
        vec![Rule::CredentialMissing, Rule::CredentialUnknown],
    )
    .await;
    api.expire_tokens();
    let all = vec![
        Rule::CredentialMissing,
        Rule::CredentialUnknown,
        Rule::CredentialExpired,
    ];
    check(bearer(&token), 401, all).await;

    let refresh = token["refresh_token"].as_str().expect("a refresh token");
    let body = format!("grant_type=refresh_token&refresh_token={refresh}&{client}");
    let newer = send(base, "POST", "/oauth/token", "", &body).await.json();
    assert_eq!(
        send(base, "GET", "/secured/bearer/users/u00001", &bearer(&newer), "")
            .await
            .status,
        200
    );
    assert_eq!(
        send(base, "POST", "/oauth/token", "", &body).await.json()["error"],
        "invalid_grant"
    );
    assert_eq!(api.verdicts().count(Rule::RefreshTokenReused), 1);
    assert_eq!(
        send(base, "POST", "/oauth/token", "", "grant_type=password")
            .await
            .status,
        401
    );
}

#[tokio::test]
async fn other_credentials_open_what_they_should() {
    let api = start().await;
    let login = send(
        api.base_url(),
        "POST",
        "/login?ttl=1h",
        "",
        r#"{"user":"practice-user","password":"practice-password"}"#,
    );
    let login = login.await;
    let cookie = login
        .header("set-cookie")
        .and_then(|set| set.split(';').next())
        .expect("a cookie")
        .to_owned();
    let check = async |how: &str, headers: &str, status: u16| {
        let target = format!("/secured/{how}/users/u00001");
        assert_eq!(
            send(api.base_url(), "GET", &target, headers, "").await.status,
            status,
            "{how} {headers}"
        );
    };
    check("session", &format!("Cookie: a=b; {cookie}\r\n"), 200).await;
    check("session", "", 401).await;
    check(
        "basic",
        "Authorization: Basic cHJhY3RpY2UtdXNlcjpwcmFjdGljZS1wYXNzd29yZA==\r\n",
        200,
    )
    .await;
    check("basic", "Authorization: Basic bm90OnRoaXM=\r\n", 401).await;
    check("api-key", "X-Api-Key: practice-api-key\r\n", 200).await;
    check("api-key", "X-Api-Key: other\r\n", 401).await;
    let body = login.json();
    let refresh = format!(
        "X-Refresh: {}\r\n",
        body["refresh"].as_str().expect("a refresh token")
    );
    assert_eq!(
        send(api.base_url(), "POST", "/refresh", &refresh, "")
            .await
            .status,
        200
    );
    assert_eq!(
        send(api.base_url(), "POST", "/refresh", &refresh, "")
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn limits_refuse_in_every_form() {
    let api = start().await;
    let check = async |answer: &str, status: u16, header: Option<&str>| {
        let target = format!("/limited/1/1h/{answer}/users/u00001");
        let first = get(&api, &target).await;
        assert_eq!(
            (first.status, first.header("x-ratelimit-remaining")),
            (200, Some("0"))
        );
        let second = get(&api, &target).await;
        assert_eq!(second.status, status, "{answer}");
        if let Some(name) = header {
            assert!(second.header(name).is_some(), "{answer}: {}", second.head);
        } else {
            assert_eq!(second.header("retry-after"), None);
        }
        let verdict = api
            .verdicts()
            .limits
            .remove(&format!("/limited/1/1h/{answer}"))
            .expect("was used");
        assert_eq!(
            (verdict.arrived, verdict.refused, verdict.most_in_window),
            (2, 1, 2)
        );
        assert!(
            verdict
                .tightest_us
                .is_some_and(|tightest| tightest < 3_600_000_000)
        );
    };
    check("seconds", 429, Some("retry-after")).await;
    check("date", 429, Some("retry-after")).await;
    check("reset", 429, Some("x-ratelimit-reset")).await;
    check("silent", 429, None).await;
    check("body", 429, None).await;
    check("503", 503, Some("retry-after")).await;
    check("403", 403, None).await;
    check("200", 200, None).await;
    assert_eq!(api.verdicts().count(Rule::RateLimit), 8);
    assert_eq!(get(&api, "/limited/x/1h/seconds/users").await.status, 404);
}

#[tokio::test]
async fn concurrency_is_judged() {
    let api = start().await;
    let slow = || get(&api, "/concurrent/1/slow/200ms/users/u00001");
    let (first, second) = tokio::join!(slow(), slow());
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 429]);
    let verdicts = api.verdicts();
    assert_eq!(
        (
            verdicts.count(Rule::Concurrency),
            verdicts.concurrency["/concurrent/1"]
        ),
        (1, 2)
    );
    assert_eq!(verdicts.peak_in_flight, 2);
    assert_eq!(get(&api, "/concurrent/1/users/u00001").await.status, 200);
}

#[tokio::test]
async fn a_job_is_done_after_its_polls() {
    let api = start().await;
    let created = send(api.base_url(), "POST", "/jobs", "", r#"{"rows":2,"polls":2}"#).await;
    assert_eq!((created.status, created.json()["id"].as_u64()), (202, Some(1)));
    assert_eq!(get(&api, "/jobs/1/result").await.status, 409);
    for status in ["running", "running", "done", "done"] {
        assert_eq!(get(&api, "/jobs/1").await.json()["status"], status);
    }
    let rows = get(&api, "/jobs/1/result").await.body;
    assert_eq!(
        rows.split(|byte| *byte == b'\n').count(),
        4,
        "header, two rows, the last line break"
    );
    assert_eq!(api.verdicts().count(Rule::NotReady), 1);
    assert_eq!(get(&api, "/jobs/2").await.status, 404);
}

#[tokio::test]
async fn feeds_go_by_time_and_by_token() {
    let api = start().await;
    let newest = get(&api, "/feed?per_page=1").await.json();
    assert_eq!(newest["entries"][0]["id"], "e000250");
    let since = newest["entries"][0]["updatedAt"]
        .as_str()
        .expect("a time")
        .to_owned();
    assert_eq!(
        get(&api, &format!("/feed?since={since}")).await.json()["total"],
        0
    );
    api.add_to_feed(2);
    assert_eq!(
        ids(&get(&api, &format!("/feed?since={since}")).await.json()["entries"]),
        ["e000252", "e000251"]
    );

    let first = get(&api, "/sync").await;
    assert_eq!(
        (first.status, first.json()["sync_token"].as_str()),
        (412, Some("s-0"))
    );
    let changes = get(&api, "/sync?sync_token=s-200").await.json();
    assert_eq!(
        (changes["sync_token"].as_str(), changes["has_more"].as_bool()),
        (Some("s-252"), Some(false))
    );
    assert_eq!(get(&api, "/sync?sync_token=s-9999").await.status, 412);

    let check = async |from: &str, to: &str, count: usize, truncated: bool| {
        let page = get(&api, &format!("/events?from={from}&to={to}")).await.json();
        assert_eq!(
            page["events"].as_array().map(Vec::len),
            Some(count),
            "{from} {to}"
        );
        assert_eq!(page["truncated"], truncated);
    };
    check("2026-01-01T00:00:00Z", "2026-01-01T00:10:00Z", 1, false).await;
    check("2026-01-01T00:00:01Z", "2026-01-01T00:10:00Z", 0, false).await;
    check("2026-01-01T00:10:00Z", "2026-01-01T00:10:01Z", 1, false).await;
    check("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", 100, true).await;
    check("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z", 0, false).await;
}

#[tokio::test]
async fn files_have_their_types() {
    let api = start().await;
    let check = async |name: &str, media_type: &str, starts: &[u8]| {
        let file = get(&api, &format!("/formats/{name}?users=3")).await;
        assert_eq!(
            (file.status, file.header("content-type")),
            (200, Some(media_type)),
            "{name}"
        );
        assert!(
            file.body.starts_with(starts),
            "{name}: {:?}",
            &file.body[..starts.len()]
        );
    };
    check("users.json", "application/json", b"[{\"id\":\"u00001\"").await;
    check("users.ndjson", "application/x-ndjson", b"{\"id\":\"u00001\"").await;
    check("users.csv", "text/csv; charset=utf-8", b"id,account,").await;
    check("users.xml", "application/xml", b"<?xml").await;
    check("users.txt", "text/plain; charset=utf-8", b"Ada Lovelace\n").await;
    check(
        "users.bin",
        "application/octet-stream",
        &9_007_199_254_740_993_u64.to_be_bytes(),
    )
    .await;
    check("users.json.gz", "application/gzip", b"\x1f\x8b").await;
    check("users.csv.gz", "application/gzip", b"\x1f\x8b").await;
    check("users.zip", "application/zip", b"PK\x03\x04").await;
    check("users.encoded.json", "application/json", b"\x1f\x8b").await;
    let csv = get(&api, "/formats/users.csv?users=3").await.body;
    let csv = String::from_utf8(csv).expect("UTF-8");
    assert!(csv.contains("\"Chloë Smith, Jr.\""), "{csv}");
}

#[tokio::test]
async fn the_log_tells_what_was_sent() {
    let api = start().await;
    send(
        api.base_url(),
        "PUT",
        "/echo/a%2Fb?x=1&x=2",
        "X-One: 1\r\nX-One: 2\r\n",
        "hello",
    )
    .await;
    let log = api.log();
    let entry = &log[0];
    assert_eq!(
        (entry.method.as_str(), entry.path.as_str()),
        ("PUT", "/echo/a%2Fb")
    );
    assert_eq!(
        entry.query,
        [("x".to_owned(), "1".to_owned()), ("x".to_owned(), "2".to_owned())]
    );
    assert_eq!(entry.header("x-one"), Some("1, 2"));
    let hash = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    assert_eq!((entry.body_size, entry.body_sha256.as_deref()), (5, Some(hash)));
    assert_eq!((entry.status, entry.in_flight), (Some(200), 1));

    let outside = get(&api, "/_practice/log").await.json();
    assert_eq!(outside[0]["path"], "/echo/a%2Fb");
    assert_eq!(
        outside.as_array().map(Vec::len),
        Some(1),
        "the control paths are not logged"
    );
    send(api.base_url(), "POST", "/_practice/reset", "", "").await;
    assert_eq!(api.log(), []);
    get(&api, "/users").await;
    get(&api, "/users").await;
    let repeats = get(&api, "/_practice/verdicts").await.json()["repeats"].take();
    assert_eq!(repeats, json!([{ "request": "GET /users", "times": 2 }]));
}

#[tokio::test]
async fn crossing_a_line_is_seen() {
    let api = start().await;
    get(&api, "/never/next").await;
    send(api.base_url(), "GET", "/users", "X-Injected: 1\r\n", "").await;
    send(
        api.other_url(),
        "GET",
        "/users?api_key=k",
        "Authorization: Bearer t\r\n",
        "",
    )
    .await;
    let rules: Vec<Rule> = api
        .verdicts()
        .violations
        .iter()
        .map(|violation| violation.rule)
        .collect();
    assert_eq!(
        rules,
        [
            Rule::Followed,
            Rule::HeaderInjected,
            Rule::CredentialLeaked,
            Rule::CredentialLeaked
        ]
    );
}

#[tokio::test]
async fn bulk_counts_and_keeps_no_log() {
    let api = start().await;
    let item = get(&api, "/bulk/items/42").await;
    assert_eq!((item.body.len(), item.json()["id"].as_u64()), (1_024, Some(42)));
    get(&api, "/bulk/items/42").await;
    let (first, last) = (
        get(&api, "/bulk/pages?page=1").await.json(),
        get(&api, "/bulk/pages?page=1000").await.json(),
    );
    assert_eq!(
        (&first["has_more"], &last["has_more"]),
        (&json!(true), &json!(false))
    );
    assert_eq!((&first["page"], &last["page"]), (&json!(1), &json!(1_000)));
    assert_eq!(
        (&first["users"][99]["id"], &last["users"][0]["id"]),
        (&json!(99), &json!(99_900))
    );
    let bulk = api.verdicts().bulk;
    assert_eq!(
        (bulk.requests, bulk.distinct_items, bulk.distinct_pages),
        (4, 1, 2)
    );
    assert_eq!(api.log(), []);
}

#[tokio::test]
async fn faults_do_what_they_say() {
    let api = start().await;
    let list = get(&api, "/faults").await.json();
    let endless = ["endless", "drip", "hang", "silence", "gzip-bomb"];
    for fault in list.as_array().expect("a list") {
        let name = fault["name"].as_str().expect("a name");
        if !endless.contains(&name) {
            let answer = get(&api, &format!("/faults/{name}")).await;
            assert_ne!(answer.status, 404, "{name}");
        }
    }
    assert_eq!(
        api.verdicts().violations,
        [],
        "faults are not followed by asking for them"
    );
    assert_eq!(get(&api, "/faults/unheard-of").await.status, 404);
}

#[tokio::test]
async fn broken_http_reaches_the_wire() {
    let api = start().await;
    let check = async |name: &str, head: &str, body: usize| {
        let answer = get(&api, &format!("/faults/{name}")).await;
        assert!(answer.head.starts_with(head), "{name}: {}", answer.head);
        assert_eq!(answer.body.len(), body, "{name}");
        answer
    };
    assert!(check("close", "", 0).await.ended.is_ok());
    assert!(check("reset", "", 0).await.ended.is_err());
    assert_eq!(
        check("truncated", "HTTP/1.1 200", 25)
            .await
            .header("content-length"),
        Some("42")
    );
    check("garbage", "SSH-2.0", 0).await;
    check("length-short", "HTTP/1.1 200", 28).await;
    let size = check("max", "HTTP/1.1 200", 10 << 20).await;
    assert_eq!(size.json()["text"].as_str().map(str::len), Some((10 << 20) - 11));
    check("too-large", "HTTP/1.1 200", (10 << 20) + 1).await;
    assert_eq!(
        api.log()[0].status,
        Some(0),
        "bytes that are no response have no status"
    );
}

#[tokio::test]
async fn flaky_urls_recover() {
    let api = start().await;
    for status in [503, 503, 200, 200] {
        assert_eq!(get(&api, "/flaky/2/503/users?page=1").await.status, status);
    }
    assert_eq!(
        get(&api, "/flaky/2/503/users?page=2").await.status,
        503,
        "each URL for itself"
    );
    assert!(get(&api, "/flaky/1/reset/users").await.ended.is_err());
    assert_eq!(get(&api, "/flaky/1/reset/users").await.status, 200);
}

#[tokio::test]
async fn nothing_that_is_asked_makes_it_panic() {
    let api = start().await;
    let targets = [
        "/users?page=0",
        "/users?page=-1",
        "/users?page=99999999999999999999",
        "/users?per_page=0",
        "/users?page=18446744073709551615&per_page=1000",
        "/by-offset/users?offset=18446744073709551615",
        "/by-cursor/users?cursor=!!",
        "/by-cursor/users?cursor=YWZ0ZXI6MTg0NDY3NDQwNzM3MDk1NTE2MTU",
        "/users/u",
        "/users/%ff",
        "/users/u99999999999999999999",
        "/groups/g00",
        "/groups/g01/members?first=18446744073709551615",
        "/feed?since=never",
        "/feed?since=-009999-01-01T00:00:00Z",
        "/feed?page=18446744073709551615",
        "/events?from=x&to=y",
        "/events?from=-009999-01-02T00:00:00Z&to=9999-12-30T00:00:00Z",
        "/sync?sync_token=s-18446744073709551615",
        "/jobs/0",
        "/jobs/x/result",
        "/status/1",
        "/status/x",
        "/limited/1/18446744073709551615h/seconds/users",
        "/limited/0/1s/seconds/users",
        "/limited/1/18446744073709551615/seconds/users",
        "/limited/1/18446744073709551615/date/users",
        "/limited/1/18446744073709551615/date/users",
        "/slow/x/users",
        "/flaky/x/y/users",
        "/concurrent/x/users",
        "/secured/x/users",
        "//",
        "/bulk/items/x",
        "/bulk/pages?page=18446744073709551615&of=0",
        "/bulk/ids?count=x",
        "/formats/users.csv?users=18446744073709551615",
        "/faults/redirect-chain?left=18446744073709551615",
        "/_practice/feed/add?count=18446744073709551615",
    ];
    for target in targets {
        assert_ne!(get(&api, target).await.status, 0, "{target}");
        send(
            api.base_url(),
            "POST",
            target,
            "",
            "{\"page\":{\"size\":18446744073709551615}}",
        )
        .await;
    }
}

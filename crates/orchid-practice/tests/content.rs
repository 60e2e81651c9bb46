//! What the practice API serves: every user once however they are asked for, files, feeds, jobs.

use std::collections::BTreeSet;

use orchid_practice::verdicts::Rule;
use serde_json::{Value, json};

mod client;

use client::{get, ids, send, start};

/// Every user, in order, once.
fn check_all(ids: &[String], how: &str) {
    let wanted: Vec<String> = (1..=250).map(|number| format!("u{number:05}")).collect();
    assert_eq!(ids, wanted, "{how}");
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

//! Misbehaviour on demand, and that nothing a client asks for makes the API itself fail.

mod client;

use client::{get, send, start};

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

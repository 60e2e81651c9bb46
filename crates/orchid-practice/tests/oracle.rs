//! What the practice API records and how it judges: the log, credentials, limits, lines that are crossed.

use orchid_practice::verdicts::Rule;
use serde_json::{Value, json};

mod client;

use client::{get, send, start};

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

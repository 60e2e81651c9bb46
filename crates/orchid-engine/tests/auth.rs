//! Tokens of auth flows: made once for all, renewed in time and on refusal, never lost. In virtual time.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use orchid_engine::auth::{Authenticator, Credentials, Failed, Owner, Perform, Renewal};
use orchid_engine::fault::{Fault, Kind};
use orchid_engine::local::tokens::LocalTokens;
use orchid_engine::ports::Clock;
use orchid_engine::redact::Redactor;
use orchid_jmespath::value::Value;
use orchid_plan::program::{
    Advance, ArrayParams, Attach, Auth, Backoff, Body, ConfigSchema, Emit, Expiry, Flow, FlowId, Http,
    Jitter, Judge, OnError, Priority, Program, Request, Skew, Step, Template, UrlTemplate,
};
use tokio::task::JoinSet;
use tokio::time::{Instant, advance, sleep};

const LOGIN: FlowId = FlowId(0);
const SECRET: &str = "hunter2-hunter2";

/// Wall time that goes with tokio's paused clock.
struct VirtualClock(Instant);

#[async_trait]
impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap() + self.0.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        sleep(duration).await;
    }
}

/// Answers each request after 100 ms with the next scripted outcome, else with success, and keeps the log.
#[derive(Default)]
struct Api {
    script: Mutex<VecDeque<Result<(), Box<Failed>>>>,
    log: Mutex<Vec<String>>,
}

impl Api {
    fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    fn refuses(&self) {
        let body = Value::object(
            [("error", "invalid_grant"), ("error_description", SECRET)].map(|(k, v)| (k, Value::from(v))),
        );
        let fault = Fault::new(
            Kind::Status,
            format!("POST https://api.example/login?pass={SECRET} answered 400"),
        );
        self.fails(fault, Value::object([("body", body)]));
    }

    fn fails(&self, fault: Fault, response: Value) {
        self.script
            .lock()
            .unwrap()
            .push_back(Err(Box::new(Failed { fault, response })));
    }
}

#[async_trait]
impl Perform for Api {
    async fn perform(&self, _: FlowId, step: &Arc<Step>, _: &Value) -> Result<Value, Box<Failed>> {
        self.log.lock().unwrap().push(step.name.to_string());
        sleep(Duration::from_millis(100)).await;
        let outcome = self.script.lock().unwrap().pop_front();
        outcome
            .unwrap_or(Ok(()))
            .map(|()| Value::object([("status_code", Value::from(200))]))
    }
}

struct World {
    authenticator: Arc<Authenticator>,
    api: Arc<Api>,
}

impl World {
    fn new(flow: Flow) -> Self {
        Self::sharing(flow, LocalTokens::default())
    }

    fn sharing(flow: Flow, tokens: LocalTokens) -> Self {
        let redactor = Redactor::default();
        redactor.add(SECRET);
        let program = Program {
            integration: "okta".into(),
            config: ConfigSchema::default(),
            http: Http::default(),
            flows: vec![flow],
            limits: Vec::new(),
            plans: indexmap::IndexMap::new(),
            not_yet: Vec::new(),
        };
        let owner = Owner {
            tenant: "default".into(),
            config_name: "prod".into(),
        };
        let clock = Arc::new(VirtualClock(Instant::now()));
        let authenticator = Authenticator::new(Arc::new(program), owner, Arc::new(tokens), clock, redactor);
        Self {
            authenticator,
            api: Arc::default(),
        }
    }

    async fn credentials(&self) -> Result<Credentials, Fault> {
        let api = Arc::clone(&self.api);
        self.authenticator
            .credentials(LOGIN, &Value::NULL, move || api)
            .await
    }

    async fn renew(&self, refused: &Credentials) -> Result<Renewal, Fault> {
        let api = Arc::clone(&self.api);
        self.authenticator.renew(refused, &Value::NULL, move || api).await
    }
}

/// A flow with a request, whose tokens live for `ttl` seconds and are renewed 10 s before they expire.
fn login(ttl: u64) -> Flow {
    Flow {
        name: "login".into(),
        request: Some(step("request")),
        steps: Vec::new(),
        output: Vec::new(),
        refresh: None,
        expiry: if ttl == 0 {
            Expiry::Unknown
        } else {
            Expiry::After(Duration::from_secs(ttl))
        },
        skew: Skew::Time(Duration::from_secs(10)),
        cached_by: None,
        public: [].into(),
        attach: Attach {
            headers: vec![("X-Token".into(), Template::Literal(Value::from("abc")))],
            params: vec![("absent".into(), Template::Literal(Value::NULL))],
            cookies: vec![("sid".into(), Template::Literal(Value::from(7)))],
        },
        rotates: None,
    }
}

fn step(name: &str) -> Arc<Step> {
    let backoff = Backoff {
        base: Duration::ZERO,
        max: Duration::ZERO,
        jitter: Jitter::None,
    };
    Arc::new(Step {
        name: name.into(),
        path: name.into(),
        level: 0,
        request: Request {
            method: Template::Literal(Value::from("POST")),
            url: UrlTemplate { parts: Vec::new() },
            params: Vec::new(),
            array_params: ArrayParams::Repeat,
            headers: Vec::new(),
            body: Body::None,
        },
        auth: Auth::None,
        sign: None,
        timeout: Duration::ZERO,
        max_request_bytes: 0,
        max_response_bytes: 0,
        iterate_over: None,
        concurrency: 1,
        when: None,
        unique_by: None,
        advance: Advance::Once,
        break_when: None,
        loop_wait: None,
        loop_timeout: None,
        max_iterations: 1,
        vars: Vec::new(),
        judge: Judge {
            abort_when: None,
            skip_when: None,
            refresh_when: None,
            throttled_when: None,
            throttle_timeout: Duration::ZERO,
            retry: Vec::new(),
            max_retries: 0,
            backoff,
            success_when: None,
            on_error: OnError::Fail,
        },
        parse: None,
        save: Vec::new(),
        emit: Emit::Nothing,
        topic: None,
        key: None,
        priority: Priority::Normal,
        limits: Vec::new(),
        steps: Vec::new(),
        reads_body: true,
        checks_progress: false,
        handed_down: Vec::new(),
    })
}

#[tokio::test(start_paused = true)]
async fn however_many_need_a_token_one_request_is_made() {
    let world = Arc::new(World::new(login(0)));
    let mut all = JoinSet::new();
    for _ in 0..200 {
        let world = Arc::clone(&world);
        all.spawn(async move { world.credentials().await.unwrap() });
    }
    all.join_all().await;
    world.credentials().await.unwrap();
    assert_eq!(world.api.log(), ["request"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_attached_is_secret_and_nulls_are_left_out() {
    let credentials = World::new(login(0)).credentials().await.unwrap();
    let headers: Vec<_> = credentials
        .headers
        .iter()
        .map(|h| (h.name.as_str(), h.value.as_str(), h.secret))
        .collect();
    assert_eq!(headers, [("X-Token", "abc", true)]);
    assert!(credentials.params.is_empty());
    assert_eq!(credentials.cookies, [("sid".to_owned(), "7".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn tokens_are_renewed_before_they_expire() {
    // Lifetime, and how long a token is used: 10 s less, at most half of it less, at least a second.
    for (ttl, used) in [(60, 50), (10, 5), (1, 1)] {
        let world = World::new(login(ttl));
        let credentials = world.credentials().await.unwrap();
        // It was asked for 100 ms ago.
        let early = if used == 1 { 0 } else { 100 };
        advance(Duration::from_millis(used * 1000 - early - 1)).await;
        assert!(
            world.authenticator.is_fresh(&credentials),
            "{ttl} s: used for {used} s"
        );
        world.credentials().await.unwrap();
        assert_eq!(world.api.log().len(), 1);
        advance(Duration::from_millis(1)).await;
        assert!(
            !world.authenticator.is_fresh(&credentials),
            "{ttl} s: used for {used} s"
        );
        world.credentials().await.unwrap();
        assert_eq!(world.api.log().len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn one_renewal_for_all_who_were_refused() {
    let world = Arc::new(World::new(login(0)));
    let old = world.credentials().await.unwrap();
    let mut all = JoinSet::new();
    for late in 0..50 {
        let (world, old) = (Arc::clone(&world), old.clone());
        all.spawn(async move {
            // Some are refused while the renewal is under way, some when it is long over.
            sleep(Duration::from_millis(late * 10)).await;
            assert_eq!(world.renew(&old).await.unwrap(), Renewal::Newer);
        });
    }
    all.join_all().await;
    assert_eq!(world.api.log(), ["request", "request"]);
    assert!(!world.authenticator.is_fresh(&old));
    assert!(world.authenticator.is_fresh(&world.credentials().await.unwrap()));
}

#[tokio::test(start_paused = true)]
async fn when_the_new_token_is_refused_as_well_it_is_not_renewed_for_a_minute() {
    let world = World::new(login(0));
    let old = world.credentials().await.unwrap();
    world.renew(&old).await.unwrap();
    let new = world.credentials().await.unwrap();
    world.authenticator.refused_again(&new);
    assert_eq!(world.renew(&new).await.unwrap(), Renewal::Held);
    assert_eq!(
        world.renew(&old).await.unwrap(),
        Renewal::Newer,
        "the older one is still replaced"
    );
    advance(Duration::from_secs(59)).await;
    assert_eq!(world.renew(&new).await.unwrap(), Renewal::Held);
    advance(Duration::from_secs(1)).await;
    assert_eq!(world.renew(&new).await.unwrap(), Renewal::Newer);
    assert_eq!(world.api.log().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn whoever_leads_may_go_away() {
    let world = Arc::new(World::new(login(0)));
    let leader = {
        let world = Arc::clone(&world);
        tokio::spawn(async move { world.credentials().await })
    };
    tokio::task::yield_now().await;
    let other = {
        let world = Arc::clone(&world);
        tokio::spawn(async move { world.credentials().await })
    };
    sleep(Duration::from_millis(50)).await;
    leader.abort();
    other.await.unwrap().unwrap();
    assert_eq!(world.api.log(), ["request"]);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_kept_though_nobody_waits_for_it_any_more() {
    let world = World::new(login(0));
    let gone = tokio::time::timeout(Duration::from_millis(50), world.credentials()).await;
    assert!(gone.is_err());
    world.authenticator.settled().await;
    world.credentials().await.unwrap();
    assert_eq!(world.api.log(), ["request"]);
}

#[tokio::test(start_paused = true)]
async fn a_failure_fails_all_who_wait_and_says_why_without_secrets() {
    let world = Arc::new(World::new(login(0)));
    world.api.refuses();
    let mut all = JoinSet::new();
    for _ in 0..20 {
        let world = Arc::clone(&world);
        all.spawn(async move { world.credentials().await.unwrap_err() });
    }
    for fault in all.join_all().await {
        assert_eq!(fault.kind, Kind::Auth);
        assert_eq!(
            fault.message,
            "auth flow `login` failed: status: POST https://api.example/login?pass=[redacted] answered 400 \
             (invalid_grant: [redacted])"
        );
    }
    // Who comes a moment later hears the same, the API nothing.
    assert_eq!(world.credentials().await.unwrap_err().kind, Kind::Auth);
    assert_eq!(world.api.log(), ["request"]);
    advance(Duration::from_secs(5)).await;
    world.credentials().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_failed_renewal_loses_nothing() {
    let world = World::new(login(60));
    let old = world.credentials().await.unwrap();
    advance(Duration::from_secs(52)).await;
    world
        .api
        .fails(Fault::new(Kind::Connect, "no connection"), Value::NULL);
    // Nobody refused the old token, and it has not expired.
    let still = world.credentials().await.unwrap();
    assert!(world.authenticator.is_fresh(&still) && world.authenticator.is_fresh(&old));
    world.credentials().await.unwrap();
    assert_eq!(world.api.log().len(), 2, "the API is not asked again at once");
    // Once it has expired there is nothing to fall back on.
    advance(Duration::from_secs(8)).await;
    world
        .api
        .fails(Fault::new(Kind::Connect, "no connection"), Value::NULL);
    assert_eq!(world.credentials().await.unwrap_err().kind, Kind::Auth);
    assert!(!world.authenticator.is_fresh(&old));
}

#[tokio::test(start_paused = true)]
async fn a_refused_refresh_falls_back_to_the_request_once() {
    type Case<'a> = (&'a [&'a dyn Fn(&World)], bool, &'a [&'a str]);
    let flow = || Flow {
        refresh: Some(step("refresh")),
        ..login(0)
    };
    let refused = |world: &World| world.api.refuses();
    let unreachable = |world: &World| {
        world
            .api
            .fails(Fault::new(Kind::Connect, "no connection"), Value::NULL);
    };
    let cases: [Case<'_>; 4] = [
        (&[], true, &["refresh"]),
        (&[&refused], true, &["refresh", "request"]),
        (&[&refused, &refused], false, &["refresh", "request"]),
        (&[&unreachable], false, &["refresh"]),
    ];
    for (script, succeeds, expected) in cases {
        let world = World::new(flow());
        let old = world.credentials().await.unwrap();
        for next in script {
            next(&world);
        }
        assert_eq!(world.renew(&old).await.is_ok(), succeeds, "{expected:?}");
        assert_eq!(world.api.log()[1..], *expected);
    }
}

#[tokio::test(start_paused = true)]
async fn runs_of_one_config_share_its_tokens() {
    let tokens = LocalTokens::default();
    let (one, two) = (
        World::sharing(login(0), tokens.clone()),
        World::sharing(login(0), tokens),
    );
    let (a, b) = tokio::join!(one.credentials(), two.credentials());
    let (a, b) = (a.unwrap(), b.unwrap());
    assert_eq!(one.api.log().len() + two.api.log().len(), 1);
    // Refused at both: renewed by one, taken over by the other.
    let (a, b) = tokio::join!(one.renew(&a), two.renew(&b));
    assert_eq!((a.unwrap(), b.unwrap()), (Renewal::Newer, Renewal::Newer));
    assert_eq!(one.api.log().len() + two.api.log().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn flows_are_chosen_by_name() {
    let world = World::new(login(0));
    let select = |value| {
        world
            .authenticator
            .flow(&Auth::Select(Template::Literal(value)), &Value::NULL)
    };
    assert_eq!(select(Value::from("login")), Ok(Some(LOGIN)));
    assert_eq!(select(Value::NULL), Ok(None));
    assert_eq!(world.authenticator.flow(&Auth::None, &Value::NULL), Ok(None));
    let fault = select(Value::from("logim")).unwrap_err();
    assert_eq!(
        fault.to_string(),
        "definition: auth: `logim` is none of the auth flows (login), and not null"
    );
    let secret = select(Value::from("logim").into_secret()).unwrap_err();
    assert!(!secret.to_string().contains("logim"));
}

#[tokio::test(start_paused = true)]
async fn a_flow_that_only_attaches_needs_no_request_and_cannot_be_renewed() {
    let world = World::new(Flow {
        request: None,
        ..login(0)
    });
    let credentials = world.credentials().await.unwrap();
    assert!(world.authenticator.is_fresh(&credentials));
    assert!(!world.authenticator.can_renew(&credentials));
    assert_eq!(world.renew(&credentials).await, Ok(Renewal::Held));
    assert!(world.api.log().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_token_that_the_client_signs_is_made_for_each_request() {
    let text = "integration: t
auth: { signed: { type: jwt, claims: { iss: me }, key: a-key-of-sixteen-bytes-and-more, algorithm: HS256 } }
plans: { p: { url: https://api.test/ } }";
    let loaded = orchid_plan::document::load(text.as_bytes(), orchid_plan::compile::Bounds::default());
    let flow = loaded.program.expect("a valid document").flows.remove(0);
    let world = World::new(flow);
    let mut tokens = Vec::new();
    for _ in 0..2 {
        let headers = world.credentials().await.unwrap().headers;
        assert_eq!((headers.len(), headers[0].name.as_str()), (1, "Authorization"));
        let token = headers[0]
            .value
            .strip_prefix("Bearer ")
            .expect("a bearer token")
            .to_owned();
        assert_eq!(token.split('.').count(), 3, "{token}");
        tokens.push(token);
    }
    assert_ne!(tokens[0], tokens[1], "each has its own `jti`");
    assert!(world.api.log().is_empty());
}

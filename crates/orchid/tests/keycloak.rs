//! A real API: what Orchid brings out of Keycloak is what Keycloak itself answers, each thing once.
//!
//! Starts Keycloak by `scripts/services` where it does not run yet, which takes about 40 seconds.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use orchid_testkit::folder::{repository, temporary};
use serde_json::Value;

/// How long Keycloak's tokens live.
const TOKEN_LIFE: Duration = Duration::from_mins(1);

/// Slow enough that the run outlives its first token.
const REQUESTS_PER_SECOND: &str = "requests_per_second=30";

#[test]
fn every_user_group_and_mapping_comes_once() {
    let keycloak = Keycloak::start();
    let started = Instant::now();
    let events = poll(&keycloak);
    assert!(
        started.elapsed() > TOKEN_LIFE,
        "the run was too quick to need a second token"
    );

    let users = keycloak
        .get(&["users?max=10000&briefRepresentation=false".to_owned()])
        .remove(0);
    let users = by_id(&users);
    assert_eq!(users.len(), 500);
    let found: Vec<&Value> = bodies(&events, "users")
        .flat_map(|(_, body)| elements(body))
        .collect();
    assert_eq!(found.len(), users.len(), "each user once");
    let found: BTreeMap<String, Value> = found.into_iter().map(|user| (id(user), user.clone())).collect();
    assert_eq!(found, users);

    let paths: Vec<String> = users
        .keys()
        .map(|user| format!("users/{user}/role-mappings"))
        .collect();
    let roles: BTreeMap<&String, Value> = users.keys().zip(keycloak.get(&paths)).collect();
    let found: Vec<(&Value, &Value)> = bodies(&events, "users/roles").collect();
    assert_eq!(found.len(), users.len(), "each user's roles once");
    for (data, body) in found {
        assert_eq!(mapped(body), mapped(&roles[&id(&data["item"])]));
    }

    let members = keycloak.members();
    let mut memberships: BTreeMap<String, BTreeSet<String>> = users
        .keys()
        .cloned()
        .map(|user| (user, BTreeSet::new()))
        .collect();
    for (group, users) in &members {
        for user in users {
            memberships
                .get_mut(user)
                .expect("a member is a user")
                .insert(group.clone());
        }
    }
    let mut asked = BTreeMap::new();
    for (data, body) in bodies(&events, "users/groups") {
        let groups: Vec<String> = elements(body).map(id).collect();
        assert_eq!(
            groups.len(),
            memberships[&id(&data["item"])].len(),
            "each group of a user once"
        );
        let user = id(&data["item"]);
        assert!(
            asked
                .insert(user, groups.into_iter().collect::<BTreeSet<_>>())
                .is_none(),
            "each user once"
        );
    }
    assert_eq!(asked, memberships);

    // One list of members for each group of each user.
    let mut lists: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for (data, body) in bodies(&events, "users/groups/members") {
        let key = (
            data["parent_id"].as_str().expect("an id").to_owned(),
            id(&data["item"]),
        );
        lists.entry(key).or_default().extend(elements(body).map(id));
    }
    assert_eq!(lists.len(), members.values().map(BTreeSet::len).sum::<usize>());
    for ((_, group), found) in lists {
        assert_eq!(found.len(), members[&group].len(), "each member of {group} once");
        assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), members[&group]);
    }
}

/// A Keycloak that runs, and how to ask it without Orchid.
struct Keycloak {
    settings: BTreeMap<String, String>,
}

impl Keycloak {
    fn start() -> Self {
        let script = repository().join("scripts/services");
        let started = Command::new(script)
            .args(["keycloak", "start"])
            .stderr(Stdio::inherit())
            .output()
            .expect("it runs");
        assert!(started.status.success(), "Keycloak does not start");
        let text = String::from_utf8(started.stdout).expect("text");
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        Self {
            settings: pairs
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        }
    }

    fn setting(&self, name: &str) -> &str {
        &self.settings[name]
    }

    /// The answers to paths of the admin API, in order.
    fn get(&self, paths: &[String]) -> Vec<Value> {
        let (url, realm) = (self.setting("KEYCLOAK_URL"), self.setting("KEYCLOAK_REALM"));
        let token = self.token();
        let lines = paths
            .iter()
            .map(|path| format!("url = \"{url}/admin/realms/{realm}/{path}\"\n"));
        let lines: String = lines
            .chain([format!("header = \"Authorization: Bearer {token}\"\n")])
            .collect();
        let answers = curl(&["--fail", "--config", "-"], &lines);
        assert_eq!(answers.len(), paths.len());
        answers
    }

    fn token(&self) -> String {
        let (url, realm) = (self.setting("KEYCLOAK_URL"), self.setting("KEYCLOAK_REALM"));
        let (client, secret) = (
            self.setting("KEYCLOAK_CLIENT_ID"),
            self.setting("KEYCLOAK_CLIENT_SECRET"),
        );
        let url = format!("{url}/realms/{realm}/protocol/openid-connect/token");
        let form = format!("grant_type=client_credentials&client_id={client}&client_secret={secret}");
        let answer = curl(&["--fail", "--data", "@-", &url], &form).remove(0);
        assert_eq!(answer["expires_in"].as_u64(), Some(TOKEN_LIFE.as_secs()));
        answer["access_token"].as_str().expect("a token").to_owned()
    }

    /// The members of each group.
    fn members(&self) -> BTreeMap<String, BTreeSet<String>> {
        let groups = self.get(&["groups?max=10000".to_owned()]).remove(0);
        let groups: Vec<String> = elements(&groups).map(id).collect();
        assert_eq!(groups.len(), 20);
        let paths: Vec<String> = groups
            .iter()
            .map(|group| format!("groups/{group}/members?max=10000"))
            .collect();
        let members = self
            .get(&paths)
            .into_iter()
            .map(|members| elements(&members).map(id).collect());
        groups.into_iter().zip(members).collect()
    }
}

/// What curl prints, as JSON values one after the other.
fn curl(arguments: &[&str], input: &str) -> Vec<Value> {
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error"]).args(arguments);
    let mut process = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("curl runs");
    process
        .stdin
        .take()
        .expect("a pipe")
        .write_all(input.as_bytes())
        .expect("curl reads");
    let output = process.wait_with_output().expect("curl ends");
    assert!(output.status.success(), "curl: {}", output.status);
    let values = serde_json::Deserializer::from_slice(&output.stdout).into_iter();
    values.collect::<Result<_, _>>().expect("JSON")
}

/// Runs the example; gives the data of its response events with their subject.
fn poll(keycloak: &Keycloak) -> Vec<(String, Value)> {
    let folder = temporary();
    let out = folder.path().join("events.ndjson");
    let examples = repository().join("examples");
    let output = Command::new(env!("CARGO_BIN_EXE_orchid"))
        .arg("run")
        .arg(examples.join("keycloak.yaml"))
        .args([
            "--plan",
            "users",
            "--events",
            "response,error",
            "--set",
            REQUESTS_PER_SECOND,
            "--out",
        ])
        .arg(&out)
        .arg("--config")
        .arg(examples.join("keycloak.config.yaml"))
        .envs(&keycloak.settings)
        .output()
        .expect("orchid runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{stderr}", output.status);
    let text = fs::read_to_string(&out).expect("events");
    let secret = keycloak.setting("KEYCLOAK_CLIENT_SECRET");
    assert!(
        !text.contains(secret) && !stderr.contains(secret),
        "the client's secret is shown"
    );
    let events = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("an event a line"));
    events
        .map(|mut event| {
            assert_eq!(event["type"], "orchid.response.v1", "{event:#}");
            (
                event["subject"].as_str().expect("a subject").to_owned(),
                event["data"].take(),
            )
        })
        .collect()
}

/// Data and body of the events with that subject.
fn bodies<'a>(
    events: &'a [(String, Value)],
    subject: &'a str,
) -> impl Iterator<Item = (&'a Value, &'a Value)> {
    let wanted = events.iter().filter(move |(found, _)| found == subject);
    wanted.map(|(_, data)| (data, &data["response"]["body"]))
}

fn elements(body: &Value) -> impl Iterator<Item = &Value> {
    body.as_array().expect("a list").iter()
}

fn id(object: &Value) -> String {
    object["id"].as_str().expect("an id").to_owned()
}

fn by_id(list: &Value) -> BTreeMap<String, Value> {
    elements(list)
        .map(|object| (id(object), object.clone()))
        .collect()
}

/// The roles of a user, in an order of their own.
fn mapped(mappings: &Value) -> BTreeMap<String, Value> {
    by_id(&mappings["realmMappings"])
}

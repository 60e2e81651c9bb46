//! A GraphQL endpoint that knows one query. It does not parse GraphQL: it wants the word `users` in the query,
//! and takes `first` and `after` from the variables.

use serde_json::json;

use crate::content::pages::After;
use crate::exchange::Exchange;
use crate::reply::Reply;
use crate::state::Api;

/// Errors come with status 200, as GraphQL has it; `variables.fail` asks for one.
pub(crate) fn answer(api: &Api, exchange: &Exchange) -> Reply {
    let body = exchange.json();
    let (query, variables) = (body["query"].as_str().unwrap_or_default(), &body["variables"]);
    if !query.contains("users") || variables["fail"] == true {
        let errors =
            json!([{ "message": "ask for users(first:, after:)", "extensions": { "code": "BAD_QUERY" } }]);
        return Reply::json(json!({ "data": null, "errors": errors }).to_string());
    }
    let first = variables["first"]
        .as_u64()
        .and_then(|first| first.try_into().ok())
        .unwrap_or(100);
    match After::new(api, variables["after"].as_str(), first) {
        Err(refused) => refused,
        Ok(After { users, next, more }) => Reply::json(format!(
            r#"{{"data":{{"users":{{"nodes":{users},"pageInfo":{{"hasNextPage":{more},"endCursor":{next}}}}}}}}}"#
        )),
    }
}

//! Jobs: created, asked about until done, then downloaded. A job is done after a number of polls and not after
//! a time, so that it always goes the same way.

use serde_json::json;

use crate::content::formats::users_csv;
use crate::exchange::Exchange;
use crate::reply::Reply;
use crate::state::Api;
use crate::verdicts::{Rule, Violation};

/// All jobs; a job's id is its position, counted from 1.
#[derive(Debug, Default)]
pub(crate) struct Jobs(Vec<Job>);

#[derive(Debug)]
struct Job {
    /// Polls left that answer `running`.
    running: u32,
    /// How it ends.
    ending: &'static str,
    rows: usize,
}

/// Jobs that are kept.
const MOST: usize = 100_000;

/// `POST /jobs` with `{"rows": 10, "polls": 3, "fail": false}`, all optional.
pub(crate) fn create(api: &Api, exchange: &Exchange) -> Reply {
    let body = exchange.json();
    let polls = body["polls"].as_u64().and_then(|polls| polls.try_into().ok());
    let rows = body["rows"].as_u64().and_then(|rows| rows.try_into().ok());
    let job = Job {
        running: polls.unwrap_or(api.options.job_polls),
        ending: if body["fail"] == true { "failed" } else { "done" },
        rows: rows.unwrap_or(10).min(api.options.users),
    };
    let mut jobs = api.jobs();
    if jobs.0.len() >= MOST {
        return Reply::error(507, "too_many_jobs", "POST /_practice/reset forgets them");
    }
    jobs.0.push(job);
    let id = jobs.0.len();
    let body = json!({ "id": id, "status": "running" });
    Reply::json(body.to_string())
        .status(202)
        .named("location", &exchange.absolute(&format!("/jobs/{id}")))
}

/// `GET /jobs/{id}`.
pub(crate) fn poll(api: &Api, exchange: &Exchange, id: &str) -> Reply {
    let mut jobs = api.jobs();
    let Some(job) = jobs.find(id) else {
        return Reply::not_found();
    };
    if job.running > 0 {
        job.running -= 1;
        return Reply::json(json!({ "id": id, "status": "running" }).to_string()).named("retry-after", "1");
    }
    let result = (job.ending == "done").then(|| exchange.absolute(&format!("/jobs/{id}/result")));
    Reply::json(json!({ "id": id, "status": job.ending, "result": result }).to_string())
}

/// `GET /jobs/{id}/result`: CSV.
pub(crate) fn result(api: &Api, exchange: &Exchange, id: &str) -> Reply {
    let ready = {
        let mut jobs = api.jobs();
        let Some(job) = jobs.find(id) else {
            return Reply::not_found();
        };
        (job.running == 0 && job.ending == "done").then_some(job.rows)
    };
    if let Some(rows) = ready {
        return Reply::new(200, "text/csv; charset=utf-8", users_csv(0..rows));
    }
    api.log().violate(Violation {
        rule: Rule::NotReady,
        request: exchange.number,
        path: exchange.path.clone(),
        detail: format!("job {id} is not done"),
    });
    Reply::error(409, "not_ready", "this job is not done")
}

impl Jobs {
    fn find(&mut self, id: &str) -> Option<&mut Job> {
        self.0.get_mut(id.parse::<usize>().ok()?.checked_sub(1)?)
    }
}

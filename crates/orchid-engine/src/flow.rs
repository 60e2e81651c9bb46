//! Between a request and its auth flow: the credentials in force for a step, and the requests that a flow makes.

use std::sync::Arc;

use async_trait::async_trait;
use orchid_jmespath::value::Value;
use orchid_plan::program::{FlowId, Step};

use crate::auth::{Credentials, Failed, Perform, Renewal};
use crate::exchange::Exchange;
use crate::fault::{Fault, Kind};
use crate::judge::Refresh;
use crate::node::Node;
use crate::run::Run;
use crate::scope::{Place, Root, Turn};
use crate::step::{self, At, Sent};
use crate::window::Piece;

/// The credentials in force for a request of this step.
pub(crate) async fn current(at: &At<'_>, root: &Root) -> Result<Credentials, Fault> {
    let run = at.run;
    match run.auth.flow(&at.node.step.auth, root.as_value())? {
        None => Ok(Credentials::none(at.place.auth.clone())),
        Some(flow) => {
            run.auth
                .credentials(flow, root.as_value(), || performer(at))
                .await
        }
    }
}

/// Whether a refusal of these can be answered by a renewal.
pub(crate) fn renewable(at: &At<'_>, credentials: &Credentials) -> Refresh {
    if at.run.auth.can_renew(credentials) {
        Refresh::Possible
    } else {
        Refresh::Impossible
    }
}

/// Renews what was refused.
pub(crate) async fn renew(at: &At<'_>, root: &Root, refused: &Credentials) -> Result<Renewal, Fault> {
    at.run
        .auth
        .renew(refused, root.as_value(), || performer(at))
        .await
}

fn performer(at: &At<'_>) -> Arc<dyn Perform> {
    Arc::new(Performer {
        run: at.run.clone(),
        place: at.place.clone(),
    })
}

/// Makes a flow's requests at the place where the credentials are wanted.
struct Performer {
    run: Arc<Run>,
    place: Place,
}

#[async_trait]
impl Perform for Performer {
    async fn perform(&self, flow: FlowId, step: &Arc<Step>, auth: &Value) -> Result<Value, Box<Failed>> {
        let node = Arc::new(Node::of_flow(flow, step));
        // Its own stop: a token that the API gives out is kept although a piece of the window was halved.
        let place = Place {
            auth: auth.clone(),
            piece: Arc::new(Piece::whole(&self.run.stop.tokens)),
            ..self.place.clone()
        };
        let turn = Turn {
            iteration: 0,
            vars: Value::NULL,
            prev: Value::NULL,
        };
        let at = At {
            run: &self.run,
            node: &node,
            place: &place,
            turn: &turn,
            next_url: None,
        };
        let failed = |fault, response| Box::new(Failed { fault, response });
        match step::send(&at).await {
            Sent::Accepted(exchange, _) => Ok(exchange.value),
            Sent::Failed(fault, exchange) => Err(match exchange {
                None => failed(fault, Value::NULL),
                Some(exchange) => failed(unquoted(fault, &exchange), exchange.value),
            }),
            Sent::Skipped(exchange, _) | Sent::Aborted(exchange) => {
                Err(failed(unquoted(exchange.as_fault(), &exchange), exchange.value))
            }
            Sent::Split | Sent::Stopped => Err(failed(
                Fault::new(Kind::Auth, "the run stopped while a token was made"),
                Value::NULL,
            )),
        }
    }
}

/// A fault without the start of the body that it quotes: in what a flow is answered there may be a token that
/// nobody knows yet.
fn unquoted(fault: Fault, exchange: &Exchange) -> Fault {
    match exchange.status() {
        Some(status) if fault.kind == Kind::Status => {
            Fault::new(Kind::Status, format!("the API answered {status}"))
        }
        _ => fault,
    }
}

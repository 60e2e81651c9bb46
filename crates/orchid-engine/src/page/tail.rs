//! What follows a response: its event, its acknowledgement, its sub-steps, and what becomes durable with it.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::budget::Charge;
use crate::event::Event;
use crate::fanout::{self, Handed};
use crate::node::Node;
use crate::progress::{Page, Pages};
use crate::run::Run;
use crate::scope::Place;
use crate::state::Change;

/// What follows a response.
pub(super) struct Tail {
    pub run: Arc<Run>,
    pub node: Arc<Node>,
    pub event: Option<Event>,
    pub after: Option<oneshot::Receiver<()>>,
    pub handed: oneshot::Sender<()>,
    /// What sub-steps get; `None` runs none.
    pub below: Option<Handed>,
    pub charge: Charge,
    /// Places in bounds: of open pages, of open items.
    pub open: Vec<OwnedSemaphorePermit>,
    pub pages: Arc<Pages>,
    pub page: Arc<Page>,
    pub index: u64,
    /// The root's page, or the item, that answers if the event cannot be kept.
    pub place: Place,
}

impl Tail {
    /// Runs it to its end.
    pub(super) async fn run(self) {
        let Self {
            run,
            node,
            event,
            after,
            handed,
            below,
            charge,
            open,
            pages,
            page,
            index,
            place,
        } = self;
        let emit = async {
            let Some(event) = event else { return Ok(None) };
            if let Some(after) = after {
                // An error is a tail that was dropped: its event will not come.
                let _ = after.await;
            }
            let receipt = run.hand_over(event).await;
            drop(handed);
            receipt.map(Some)
        };
        let sub_steps = async {
            if let Some(above) = &below {
                fanout::run_steps(&run, &node.children, above).await;
            }
        };
        let (receipt, ()) = tokio::join!(emit, sub_steps);
        drop((below, open));
        let kept = match receipt {
            Ok(None) => Ok(()),
            Ok(Some(receipt)) => run.acknowledged(receipt).await,
            Err(fault) => Err(fault),
        };
        drop(charge);
        match kept {
            Ok(()) => {}
            Err(fault) => {
                page.fail();
                return run.cannot_keep(&node, &place, index, fault).await;
            }
        }
        if !node.commits_pages {
            return;
        }
        match pages.done(index, page) {
            Ok((fields, rows)) => {
                let mut change = Change::default();
                fields.into_change(&mut change);
                rows.into_change(&mut change);
                run.commit(change).await;
            }
            Err(fault) => run.fail(&node, &place, index, fault, None).await,
        }
    }
}

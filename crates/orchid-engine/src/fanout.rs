//! A step over a list: items as tasks, made only as places come free, so that memory does not grow with the list.

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use orchid_jmespath::value::{Kind as ValueKind, Value};
use tokio::task::{JoinError, JoinSet};

use crate::fault::{Fault, Kind};
use crate::node::Node;
use crate::page;
use crate::progress::{self, Item, Page};
use crate::run::Run;
use crate::save;
use crate::scope::{Place, Root, Scope, Turn, expression_fault};
use crate::state::Change;
use crate::text;
use crate::trace::What;
use crate::window::Piece;

/// What a step gets from the response above it.
#[derive(Clone)]
pub(crate) struct Handed {
    /// The `parent` root.
    pub parent: Value,
    /// Iterations and indexes so far.
    pub position: Vec<u64>,
    /// The event id of the parent's response.
    pub parent_id: Option<Arc<str>>,
    /// Who answers for a failure.
    pub above: progress::Above,
    /// The page of the plan's loop.
    pub root_page: Option<Arc<Page>>,
    /// The window piece.
    pub piece: Arc<Piece>,
}

impl Handed {
    /// Handed the plan there is nothing.
    pub(crate) fn root(piece: Arc<Piece>) -> Self {
        Self {
            parent: Value::NULL,
            position: Vec::new(),
            parent_id: None,
            above: progress::Above::default(),
            root_page: None,
            piece,
        }
    }

    fn place(&self) -> Place {
        Place {
            parent: self.parent.clone(),
            item: None,
            saved_item: Value::NULL,
            auth: Value::NULL,
            position: self.position.clone(),
            parent_id: self.parent_id.clone(),
            above: self.above.clone(),
            root_page: self.root_page.clone(),
            piece: self.piece.clone(),
        }
    }

    fn item_place(&self, item: Value, index: usize) -> Place {
        let mut place = self.place();
        place.item = Some((item, index));
        place.position.push(index as u64);
        let item = Arc::new(Item::new(self.above.clone()));
        place.above = progress::Above {
            item: Some(item),
            page: None,
        };
        place
    }
}

/// Runs one step for one response above it: once, or for each item of its list. Failures are recorded where
/// they belong; this returns when everything of it is done.
pub(crate) fn run_step(run: Arc<Run>, node: Arc<Node>, above: Handed) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        if above.piece.stop.is_draining() {
            return above.above.cut_short();
        }
        if node.step.iterate_over.is_some() {
            run_items(&run, &node, &above).await;
            return;
        }
        let mut place = above.place();
        match admit(&run, &node, &mut place, None) {
            Ok(true) => page::run_loop(run, node, place, None).await,
            Ok(false) => {}
            Err(fault) => run.fail(&node, &place, 0, fault, None).await,
        }
    })
}

/// Each level of steps at once.
pub(crate) async fn run_steps(run: &Arc<Run>, nodes: &[Arc<Node>], above: &Handed) {
    match nodes {
        [] => {}
        [only] => run_step(run.clone(), only.clone(), above.clone()).await,
        several => {
            let all = several
                .iter()
                .map(|node| run_step(run.clone(), node.clone(), above.clone()));
            futures_util::future::join_all(all).await;
        }
    }
}

async fn run_items(run: &Arc<Run>, node: &Arc<Node>, above: &Handed) {
    let list = match list(run, node, above) {
        Ok(list) => list,
        Err(fault) => return run.fail(node, &above.place(), 0, fault, None).await,
    };
    run.counters().items.add(list.len() as u64);
    run.trace(
        &node.step.path,
        || above.position.clone(),
        || What::Items { count: list.len() },
    );
    let mut seen = HashSet::new();
    let mut tasks = JoinSet::new();
    for (index, item) in list.items().enumerate() {
        let mut place = above.item_place(item, index);
        match admit(run, node, &mut place, Some(&mut seen)) {
            Ok(true) => {}
            Ok(false) => {
                run.counters().items_done.add(1);
                continue;
            }
            Err(fault) => {
                run.fail(node, &place, 0, fault, None).await;
                end_item(run, &place).await;
                continue;
            }
        }
        let open = above
            .piece
            .stop
            .unless_draining(node.items.clone().acquire_owned())
            .await;
        // The semaphore is never closed: `None` is the run that drains.
        let Some(Ok(open)) = open else {
            above.above.cut_short();
            break;
        };
        while let Some(ended) = tasks.try_join_next() {
            run.check_task(ended);
        }
        let (run, node) = (run.clone(), node.clone());
        tasks.spawn(async move {
            page::run_loop(run.clone(), node, place.clone(), Some(open)).await;
            end_item(&run, &place).await;
        });
    }
    while let Some(ended) = tasks.join_next().await {
        run.check_task(ended);
    }
}

/// The list that a step runs over; null is none.
fn list(run: &Arc<Run>, node: &Node, above: &Handed) -> Result<Value, Fault> {
    let Some(expression) = &node.step.iterate_over else {
        return Ok(Value::array([]));
    };
    let place = above.place();
    let list = start(run, node, &place, |root| {
        root.value(expression)
            .map_err(|error| expression_fault("iterate_over", expression, &error))
    })?;
    match list.kind() {
        ValueKind::Array => Ok(list),
        ValueKind::Null => Ok(Value::array([])),
        other => {
            let message = format!(
                "iterate_over: `{}` gives {}, not an array",
                expression.source(),
                other.name()
            );
            Err(Fault::new(Kind::Expression, message))
        }
    }
}

/// Whether a step is run at a place (`when`, then `unique_by`); fills in what is saved for it.
fn admit(
    run: &Arc<Run>,
    node: &Node,
    place: &mut Place,
    seen: Option<&mut HashSet<String>>,
) -> Result<bool, Fault> {
    let step = &node.step;
    if step.save.iter().any(|save| save.key.is_some()) {
        place.saved_item = start(run, node, place, |root| {
            Ok(save::saved_item(run, &step.save, root))
        })?;
    }
    if step.when.is_none() && (step.unique_by.is_none() || seen.is_none()) {
        return Ok(true);
    }
    let because = start(run, node, place, |root| {
        if let Some(when) = &step.when
            && !root
                .holds(when)
                .map_err(|error| expression_fault("when", when, &error))?
        {
            return Ok(Some("when"));
        }
        if let (Some(unique_by), Some(seen)) = (&step.unique_by, seen) {
            let value = root
                .value(unique_by)
                .map_err(|error| expression_fault("unique_by", unique_by, &error))?;
            if !seen.insert(text::canonical(&value)) {
                return Ok(Some("unique_by"));
            }
        }
        Ok(None)
    })?;
    if let Some(because) = because {
        let index = place.item.as_ref().map(|(_, index)| *index);
        run.trace(
            &step.path,
            || place.position.clone(),
            || What::NotRun { index, because },
        );
    }
    Ok(because.is_none())
}

/// Evaluates before the first request of a place.
fn start<T>(
    run: &Arc<Run>,
    node: &Node,
    place: &Place,
    evaluate: impl FnOnce(&Root) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let turn = Turn {
        iteration: 0,
        vars: Value::NULL,
        prev: Value::NULL,
    };
    let scope = Scope {
        run,
        node,
        place,
        turn: &turn,
        attempt: 1,
        now: run.ports.clock.now(),
        last_error: &Value::NULL,
        auth: Value::NULL,
    };
    evaluate(&scope.building())
}

async fn end_item(run: &Arc<Run>, place: &Place) {
    let Some(item) = &place.above.item else { return };
    run.counters().items_done.add(1);
    if item.is_failed() {
        run.counters().dead_letters.add(1);
        return;
    }
    let mut change = Change::default();
    item.rows().into_change(&mut change);
    run.commit(change).await;
}

impl Run {
    /// A task that panicked is a defect in Orchid: the run fails, the process goes on.
    pub(crate) fn check_task(&self, ended: Result<(), JoinError>) {
        if let Err(error) = ended
            && error.is_panic()
        {
            self.fail_whole(&Fault::new(
                Kind::Internal,
                "a task of the run panicked; this is a defect in Orchid",
            ));
        }
    }
}

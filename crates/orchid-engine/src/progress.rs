//! What is done and what may become durable: items with their keyed rows, pages in their order.
//!
//! An [`Item`] collects the keyed values of its steps; they go out when it succeeded with its sub-steps. A
//! [`Page`] collects the values that commit with it; a loop's [`Pages`] let them out in page order, each when
//! all before it are done.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::save::{Fields, Rows};

/// One element of a list that a step runs over.
#[derive(Debug, Default)]
pub(crate) struct Item {
    failed: AtomicBool,
    /// A step below it failed or was not run to its end.
    failed_below: AtomicBool,
    above: Above,
    pub rows: Mutex<Rows>,
}

/// What one page brings.
#[derive(Debug, Default)]
pub(crate) struct Page {
    failed: AtomicBool,
    above: Above,
    pub fields: Mutex<Fields>,
    pub rows: Mutex<Rows>,
}

/// Who else is not done while something is not: the nearest item, and the page between it and here.
#[derive(Debug, Clone, Default)]
pub(crate) struct Above {
    pub item: Option<Arc<Item>>,
    pub page: Option<Arc<Page>>,
}

/// The pages of one loop, let out in order.
#[derive(Debug, Default)]
pub(crate) struct Pages {
    state: Mutex<Prefix>,
}

#[derive(Debug, Default)]
struct Prefix {
    next: u64,
    done: BTreeMap<u64, Arc<Page>>,
    /// Unkeyed values of all pages that were let out.
    merged: Fields,
    merged_rows: Rows,
}

impl Above {
    /// Something here failed: the item answers for it, or else the pages, which are never let out.
    pub(crate) fn fail(&self) {
        fail_pages(self.page.as_ref());
        let Some(item) = &self.item else { return };
        item.failed.store(true, Ordering::Relaxed);
        let mut above = item.above.item.as_ref();
        while let Some(item) = above {
            item.failed_below.store(true, Ordering::Relaxed);
            above = item.above.item.as_ref();
        }
    }

    /// Something here was not run to its end: nothing above it counts as done.
    pub(crate) fn cut_short(&self) {
        let mut above = self;
        loop {
            fail_pages(above.page.as_ref());
            let Some(item) = &above.item else { return };
            item.failed_below.store(true, Ordering::Relaxed);
            above = &item.above;
        }
    }
}

/// Up to the next item.
fn fail_pages(page: Option<&Arc<Page>>) {
    let mut next = page;
    while let Some(page) = next {
        page.failed.store(true, Ordering::Relaxed);
        next = page.above.page.as_ref();
    }
}

impl Item {
    /// An item of a list that a page (or an item) brought.
    pub(crate) fn new(above: Above) -> Self {
        Self {
            above,
            ..Self::default()
        }
    }

    /// Whether it is to be dead-lettered.
    pub(crate) fn is_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    /// What it brings, if it succeeded with all its sub-steps.
    pub(crate) fn rows(&self) -> Rows {
        if self.is_failed() || self.failed_below.load(Ordering::Relaxed) {
            return Rows::default();
        }
        std::mem::take(&mut *self.rows.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Page {
    /// It and all pages after it are never let out.
    pub(crate) fn fail(&self) {
        self.failed.store(true, Ordering::Relaxed);
    }

    /// A page of a loop at this place.
    pub(crate) fn new(above: Above) -> Self {
        Self {
            above,
            ..Self::default()
        }
    }
}

impl Pages {
    /// Page `index` is acknowledged, and its items are acknowledged or dead-lettered. Gives what may become
    /// durable now.
    pub(crate) fn done(&self, index: u64, page: Arc<Page>) -> Result<(Fields, Rows), crate::fault::Fault> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if page.failed.load(Ordering::Relaxed) {
            return Ok(Default::default());
        }
        state.done.insert(index, page);
        let mut moved = false;
        loop {
            let next = state.next;
            let Some(page) = state.done.remove(&next) else {
                break;
            };
            state.next += 1;
            moved = true;
            let fields = std::mem::take(&mut *page.fields.lock().unwrap_or_else(PoisonError::into_inner));
            let rows = std::mem::take(&mut *page.rows.lock().unwrap_or_else(PoisonError::into_inner));
            state.merged.absorb(fields)?;
            state.merged_rows.absorb(rows)?;
        }
        if !moved {
            return Ok(Default::default());
        }
        Ok((state.merged.clone(), state.merged_rows.clone()))
    }
}

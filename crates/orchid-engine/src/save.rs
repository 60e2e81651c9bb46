//! Saved fields: how values meet, what they may weigh, when they become durable.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use orchid_jmespath::expression::Expression;
use orchid_jmespath::value::{Kind as ValueKind, Value};
use orchid_plan::program::{Commit, Merge, Save, Step};
use smol_str::SmolStr;

use crate::fault::{Fault, Kind};
use crate::progress::Page;
use crate::run::Run;
use crate::scope::{Place, Root, expression_fault};
use crate::state::{Change, FIELD_BYTES, Json, POLL_BYTES};
use crate::text;
use crate::times;
use crate::trace::What;

/// Unkeyed values on their way, by field.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields(BTreeMap<SmolStr, Pending>);

/// Keyed values on their way, by field and key.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rows(BTreeMap<(SmolStr, String), Pending>);

#[derive(Debug, Clone)]
struct Pending {
    merge: Merge,
    value: Value,
    /// Where it came from: what is first and last is told by that, not by arrival.
    position: Vec<u64>,
}

/// Bytes of a poll's saved fields as they would be written.
#[derive(Debug, Default)]
pub(crate) struct Weights(Mutex<BTreeMap<SmolStr, usize>>);

/// Evaluates a step's saved fields on a successful response.
pub(crate) fn save(
    run: &Run,
    step: &Step,
    place: &Place,
    page: &Page,
    root: &Root,
    position: &[u64],
) -> Result<(), Fault> {
    for save in &step.save {
        let field = format!("save.{}", save.name);
        if let Some(when) = &save.when
            && !root
                .holds(when)
                .map_err(|error| expression_fault(&format!("{field}.when"), when, &error))?
        {
            continue;
        }
        let value = root
            .value(&save.value)
            .map_err(|error| expression_fault(&field, &save.value, &error))?;
        if value.is_null() {
            continue;
        }
        let json = weigh(&field, &value)?;
        run.trace(
            &step.path,
            || position.to_vec(),
            || What::Saved {
                name: save.name.clone(),
                value: run.redact(&json),
            },
        );
        let pending = Pending {
            merge: save.merge,
            value,
            position: position.to_vec(),
        };
        if let Some(key) = &save.key {
            keep_row(save, key, pending, place, page, root)?;
        } else {
            run.weights.put(&save.name, json.len())?;
            keep_field(save, pending, place)?;
        }
    }
    Ok(())
}

fn keep_row(
    save: &Save,
    key: &Expression,
    pending: Pending,
    place: &Place,
    page: &Page,
    root: &Root,
) -> Result<(), Fault> {
    let field = format!("save.{}.key", save.name);
    let value = root
        .value(key)
        .map_err(|error| expression_fault(&field, key, &error))?;
    let Some(key) = row_key(&value) else {
        return Err(Fault::new(
            Kind::Expression,
            format!("{field}: `{}` gives {}", key.source(), shape(&value)),
        ));
    };
    let rows = match (save.commit, &place.above.item) {
        (Commit::Run, Some(item)) => &item.rows,
        // Page by page; so too a key outside any item, which validation refuses.
        (Commit::Page, _) | (Commit::Run, None) => &page.rows,
    };
    lock(rows).put(save.name.clone(), key, pending)
}

fn keep_field(save: &Save, pending: Pending, place: &Place) -> Result<(), Fault> {
    match (save.commit, &place.root_page) {
        (Commit::Page, Some(page)) => lock(&page.fields).put(save.name.clone(), pending),
        (Commit::Page, None) => lock(&place.piece.page_fields).put(save.name.clone(), pending),
        (Commit::Run, _) => lock(&place.piece.run_fields).put(save.name.clone(), pending),
    }
}

/// `context.saved_item` of one place: the rows under its keys.
pub(crate) fn saved_item(run: &Run, saves: &[Save], root: &Root) -> Value {
    let mut entries: Vec<(SmolStr, Value)> = Vec::new();
    for save in saves {
        let Some(key) = &save.key else { continue };
        // A key that reads the response has no value yet: then nothing is found.
        let Ok(value) = root.value(key) else { continue };
        let found = row_key(&value)
            .and_then(|key| run.spec.state.saved_items.get(&save.name)?.get(&key))
            .map_or(Value::NULL, |json| json.0.clone());
        entries.push((save.name.clone(), found));
    }
    Value::object(entries)
}

/// The text that a row is found by: JSON, so that `1` and `"1"` are two.
fn row_key(value: &Value) -> Option<String> {
    match value.kind() {
        ValueKind::String | ValueKind::Number | ValueKind::Boolean => Some(text::canonical(value)),
        ValueKind::Null | ValueKind::Array | ValueKind::Object => None,
    }
}

fn weigh(field: &str, value: &Value) -> Result<String, Fault> {
    if value.is_secret() {
        let message = format!("{field}: a value made from a secret cannot be saved");
        return Err(Fault::new(Kind::Definition, message));
    }
    let json = value.to_json();
    if json.len() > FIELD_BYTES {
        let message = format!(
            "{field}: {} bytes; a saved field holds at most {FIELD_BYTES}",
            json.len()
        );
        return Err(Fault::new(Kind::ContextSize, message));
    }
    Ok(json)
}

impl Weights {
    /// What is saved already.
    pub(crate) fn new(saved: &BTreeMap<SmolStr, Json>) -> Self {
        Self(Mutex::new(
            saved
                .iter()
                .map(|(name, json)| (name.clone(), json.0.to_json().len()))
                .collect(),
        ))
    }

    fn put(&self, name: &SmolStr, bytes: usize) -> Result<(), Fault> {
        let mut weights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        weights.insert(name.clone(), bytes);
        let total: usize = weights.values().sum();
        if total <= POLL_BYTES {
            return Ok(());
        }
        let message = format!(
            "save.{name}: all saved fields together would be {total} bytes; a poll holds at most {POLL_BYTES}"
        );
        Err(Fault::new(Kind::ContextSize, message))
    }
}

impl Fields {
    fn put(&mut self, name: SmolStr, pending: Pending) -> Result<(), Fault> {
        meet(self.0.entry(name), pending)
    }

    /// Takes values in that came after these.
    pub(crate) fn absorb(&mut self, later: Self) -> Result<(), Fault> {
        later
            .0
            .into_iter()
            .try_for_each(|(name, pending)| self.put(name, pending))
    }

    /// As a change.
    pub(crate) fn into_change(self, change: &mut Change) {
        change.saved.extend(
            self.0
                .into_iter()
                .map(|(name, pending)| (name, Json(pending.value))),
        );
    }
}

impl Rows {
    fn put(&mut self, name: SmolStr, key: String, pending: Pending) -> Result<(), Fault> {
        meet(self.0.entry((name, key)), pending)
    }

    /// Takes values in that came after these.
    pub(crate) fn absorb(&mut self, later: Self) -> Result<(), Fault> {
        later
            .0
            .into_iter()
            .try_for_each(|((name, key), pending)| self.put(name, key, pending))
    }

    /// As a change.
    pub(crate) fn into_change(self, change: &mut Change) {
        change.rows.extend(
            self.0
                .into_iter()
                .map(|((name, key), pending)| (name, key, Json(pending.value))),
        );
    }
}

fn meet<K: Ord>(
    entry: std::collections::btree_map::Entry<'_, K, Pending>,
    new: Pending,
) -> Result<(), Fault> {
    use std::collections::btree_map::Entry;
    match entry {
        Entry::Vacant(vacant) => {
            vacant.insert(new);
        }
        Entry::Occupied(mut occupied) => {
            if replaces(&new, occupied.get())? {
                occupied.insert(new);
            }
        }
    }
    Ok(())
}

fn replaces(new: &Pending, old: &Pending) -> Result<bool, Fault> {
    Ok(match new.merge {
        Merge::Last => new.position >= old.position,
        Merge::First => new.position < old.position,
        Merge::Min => compare(&new.value, &old.value)? == Ordering::Less,
        Merge::Max => compare(&new.value, &old.value)? == Ordering::Greater,
    })
}

/// Numbers by value, times as times, other text by code point.
pub(crate) fn compare(a: &Value, b: &Value) -> Result<Ordering, Fault> {
    if let (Some(a), Some(b)) = (a.as_str(), b.as_str()) {
        return Ok(match (time(a), time(b)) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => a.cmp(b),
        });
    }
    if let (Some(a), Some(b)) = (a.as_number(), b.as_number()) {
        return Ok(a.cmp(&b));
    }
    let message = format!(
        "save: {} and {} have no order; min and max take numbers or text",
        shape(a),
        shape(b)
    );
    Err(Fault::new(Kind::Expression, message))
}

fn time(text: &str) -> Option<Timestamp> {
    times::parse(text)
}

fn shape(value: &Value) -> &'static str {
    match value.kind() {
        ValueKind::Null => "null",
        ValueKind::Boolean => "a boolean",
        ValueKind::Number => "a number",
        ValueKind::String => "text",
        ValueKind::Array => "an array",
        ValueKind::Object => "an object",
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

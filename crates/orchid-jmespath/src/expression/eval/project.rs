//! Projections: an expression applied to one element after another.

use std::ops::Range;

use crate::expression::ast::{Node, Projection, Slice};
use crate::expression::eval::{Eval, ITEM, Scope, shallow};
use crate::problem::EvalError;
use crate::value::{Kind, Value};

impl<'a> Eval<'a, '_> {
    pub(super) fn project(
        &mut self,
        left: &Value,
        projection: &'a Projection,
        right: &'a Node,
        scope: &Scope<'_>,
        span: &Range<usize>,
    ) -> Result<Value, EvalError> {
        let mut kept = Vec::new();
        match (projection, left.kind()) {
            (Projection::Values, Kind::Object) => {
                for (_, value) in left.entries() {
                    self.keep(&value, right, scope, &mut kept)?;
                }
            }
            (Projection::Elements, Kind::Array) => {
                let mut elements = left.elements();
                while let Some(item) = elements.next() {
                    self.keep(item, right, scope, &mut kept)?;
                }
            }
            (Projection::Flatten, Kind::Array) => {
                let mut elements = left.elements();
                while let Some(item) = elements.next() {
                    if item.kind() == Kind::Array {
                        let mut inner = item.elements();
                        while let Some(item) = inner.next() {
                            self.keep(item, right, scope, &mut kept)?;
                        }
                        self.meter.charge(1, span)?;
                    } else {
                        self.keep(item, right, scope, &mut kept)?;
                    }
                }
            }
            (Projection::Filter(condition), Kind::Array) => {
                let mut elements = left.elements();
                while let Some(item) = elements.next() {
                    if self.holds(condition, item, scope)? {
                        self.keep(item, right, scope, &mut kept)?;
                    }
                }
            }
            (Projection::Slice(slice), Kind::Array) => {
                for index in positions(*slice, left.len()) {
                    if let Some(item) = left.at(index) {
                        self.keep(&item, right, scope, &mut kept)?;
                    }
                }
            }
            (Projection::Slice(slice), Kind::String) => {
                let part = self.part_of_text(left, *slice, span)?;
                return self.node(right, &part, scope);
            }
            _ => return Ok(Value::NULL),
        }
        shallow(Value::array(kept), span)
    }

    /// Applies the rest of a projection to one element.
    fn keep(
        &mut self,
        item: &Value,
        right: &'a Node,
        scope: &Scope<'_>,
        kept: &mut Vec<Value>,
    ) -> Result<(), EvalError> {
        self.meter.charge(1, &right.span)?;
        let value = self.look(right, item, scope)?;
        if value.kind() != Kind::Null {
            self.meter.reserve(ITEM, &right.span)?;
            kept.push(value.into_value());
        }
        Ok(())
    }

    /// A slice of text counts characters.
    fn part_of_text(&mut self, text: &Value, slice: Slice, span: &Range<usize>) -> Result<Value, EvalError> {
        let string = text.as_str().unwrap_or_default();
        self.meter.charge(string.len(), span)?;
        self.meter.reserve(string.len() * 5, span)?;
        let characters: Vec<char> = string.chars().collect();
        let part: String = positions(slice, characters.len())
            .map(|index| characters[index])
            .collect();
        let part = Value::from(part);
        Ok(if text.is_secret() {
            part.into_secret()
        } else {
            part
        })
    }
}

/// The positions that a slice takes, in its order, as Python reckons them.
fn positions(slice: Slice, length: usize) -> impl Iterator<Item = usize> {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let forward = slice.step > 0;
    let (least, most) = if forward { (0, length) } else { (-1, length - 1) };
    let bound = |place: i64| {
        let place = if place < 0 {
            place.saturating_add(length)
        } else {
            place
        };
        place.clamp(least, most)
    };
    let start = slice.start.map_or(if forward { least } else { most }, bound);
    let stop = slice.stop.map_or(if forward { most } else { least }, bound);
    let inside = move |place: &i64| if forward { *place < stop } else { *place > stop };
    std::iter::successors(Some(start), move |place| place.checked_add(slice.step))
        .take_while(inside)
        .filter_map(|place| usize::try_from(place).ok())
}

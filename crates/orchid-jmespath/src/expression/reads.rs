//! Which paths of the root an expression reads.
//!
//! A walk that follows where values come from: a value is an *alias* of places in the root until something
//! consumes it (a function, a comparison, the result), and then those places are read. Where it is not
//! certain that less is read, more is said to be.

use smol_str::SmolStr;

use crate::expression::ast::{ArgumentNode, Node, NodeKind, Projection};
use crate::expression::{Path, Segment};

/// Where a value may come from; `lists` levels of computed lists are around it.
#[derive(Debug, Clone)]
struct Alias {
    path: Vec<Segment>,
    lists: u32,
}

/// What a walk has found.
struct Walk {
    reads: Vec<Path>,
    variables: Vec<(SmolStr, Vec<Alias>)>,
}

/// The paths that `node` reads, none contained in another.
pub(crate) fn of(node: &Node) -> Vec<Path> {
    let mut walk = Walk {
        reads: Vec::new(),
        variables: Vec::new(),
    };
    let root = [Alias {
        path: Vec::new(),
        lists: 0,
    }];
    let result = walk.node(node, &root);
    walk.consume(&result);
    normalised(walk.reads)
}

/// Whether one of `reads` lies at, below or above `path`.
pub(crate) fn under(reads: &[Path], path: &[&str]) -> bool {
    reads.iter().any(|read| {
        read.0.iter().zip(path).all(|(segment, name)| match segment {
            Segment::Field(field) => field == name,
            Segment::Each => true,
        })
    })
}

fn normalised(mut reads: Vec<Path>) -> Vec<Path> {
    reads.sort();
    reads.dedup();
    // Sorted, a path stands right before those that it contains.
    let mut kept: Vec<Path> = Vec::new();
    for read in reads {
        if !kept.last().is_some_and(|last| read.0.starts_with(&last.0)) {
            kept.push(read);
        }
    }
    kept
}

impl Walk {
    fn consume(&mut self, aliases: &[Alias]) {
        self.reads
            .extend(aliases.iter().map(|alias| Path(alias.path.clone())));
    }

    /// Walks and consumes.
    fn read(&mut self, node: &Node, current: &[Alias]) {
        let aliases = self.node(node, current);
        self.consume(&aliases);
    }

    fn node(&mut self, node: &Node, current: &[Alias]) -> Vec<Alias> {
        match &node.kind {
            NodeKind::Literal(_) => Vec::new(),
            NodeKind::Current => current.to_vec(),
            NodeKind::Root => vec![Alias {
                path: Vec::new(),
                lists: 0,
            }],
            NodeKind::Variable(name) => {
                let bound = self.variables.iter().rev().find(|(known, _)| known == name);
                bound.map_or_else(Vec::new, |(_, aliases)| aliases.clone())
            }
            NodeKind::Field(name) => step(current, &Segment::Field(name.clone())),
            NodeKind::Path(names) => names.iter().fold(current.to_vec(), |aliases, name| {
                step(&aliases, &Segment::Field(name.clone()))
            }),
            NodeKind::Index(_) => elements(current),
            NodeKind::Named(expression) => {
                self.reads.extend(expression.reads().iter().cloned());
                Vec::new()
            }
            NodeKind::Then(left, right) => {
                let left = self.node(left, current);
                let before = self.reads.len();
                let right = self.node(right, &left);
                self.keep_existence(&left, &right, before);
                right
            }
            NodeKind::Pipe(left, right) => {
                let left = self.node(left, current);
                self.node(right, &left)
            }
            NodeKind::Project(left, projection, right) => self.project(left, projection, right, current),
            NodeKind::List(items) => {
                for item in items {
                    self.read(item, current);
                }
                Vec::new()
            }
            NodeKind::Hash(entries) => {
                for (_, value) in entries {
                    self.read(value, current);
                }
                Vec::new()
            }
            NodeKind::Or(left, right) | NodeKind::And(left, right) | NodeKind::Default(left, right) => {
                let mut aliases = self.node(left, current);
                self.consume(&aliases);
                aliases.extend(self.node(right, current));
                aliases
            }
            NodeKind::Not(operand) | NodeKind::Sign(_, operand) => {
                self.read(operand, current);
                Vec::new()
            }
            NodeKind::Choose(parts) => {
                let [condition, yes, no] = &**parts;
                self.read(condition, current);
                let mut aliases = self.node(yes, current);
                aliases.extend(self.node(no, current));
                aliases
            }
            NodeKind::Coalesce(candidates) => {
                for candidate in candidates {
                    self.read(candidate, current);
                }
                Vec::new()
            }
            NodeKind::Compare(_, left, right) | NodeKind::Compute(_, left, right) => {
                self.read(left, current);
                self.read(right, current);
                Vec::new()
            }
            NodeKind::Let(bindings, body) => {
                let bound: Vec<_> = bindings
                    .iter()
                    .map(|(name, value)| (name.clone(), self.node(value, current)))
                    .collect();
                let before = self.variables.len();
                self.variables.extend(bound);
                let aliases = self.node(body, current);
                self.variables.truncate(before);
                aliases
            }
            NodeKind::Call(call) => {
                self.call(&call.arguments, current);
                Vec::new()
            }
        }
    }

    /// A step that reads nothing of what stands on its left still asks whether that is null.
    fn keep_existence(&mut self, left: &[Alias], right: &[Alias], before: usize) {
        let below = |place: &Alias, paths: &[Path]| paths.iter().any(|read| read.0.starts_with(&place.path));
        for place in left {
            let followed = right.iter().any(|alias| alias.path.starts_with(&place.path));
            if !followed && !below(place, &self.reads[before..]) {
                self.reads.push(Path(place.path.clone()));
            }
        }
    }

    fn project(
        &mut self,
        left: &Node,
        projection: &Projection,
        right: &Node,
        current: &[Alias],
    ) -> Vec<Alias> {
        let left = self.node(left, current);
        let mut items = elements(&left);
        match projection {
            Projection::Flatten => items.extend(elements(&items)),
            Projection::Filter(condition) => self.read(condition, &items),
            // Of text the part is the text itself.
            Projection::Slice(_) => items.extend(left.iter().cloned()),
            Projection::Elements | Projection::Values => {}
        }
        let before = self.reads.len();
        let mut aliases = self.node(right, &items);
        self.keep_existence(&items, &aliases, before);
        for alias in &mut aliases {
            alias.lists += 1;
        }
        aliases
    }

    /// A function reads all that it is given; its expressions see the elements of every other argument.
    fn call(&mut self, arguments: &[ArgumentNode], current: &[Alias]) {
        let mut given = Vec::new();
        for argument in arguments {
            if let ArgumentNode::Value(node) = argument {
                given.extend(self.node(node, current));
            }
        }
        self.consume(&given);
        let items = elements(&given);
        for argument in arguments {
            if let ArgumentNode::Expression(node) = argument {
                self.read(node, &items);
            }
        }
    }
}

/// A field of a place; a computed list has none.
fn step(aliases: &[Alias], segment: &Segment) -> Vec<Alias> {
    let places = aliases.iter().filter(|alias| alias.lists == 0);
    places
        .map(|alias| {
            let mut path = alias.path.clone();
            path.push(segment.clone());
            Alias { path, lists: 0 }
        })
        .collect()
}

/// The elements of a place.
fn elements(aliases: &[Alias]) -> Vec<Alias> {
    let computed = aliases.iter().filter(|alias| alias.lists > 0);
    let computed = computed.map(|alias| Alias {
        path: alias.path.clone(),
        lists: alias.lists - 1,
    });
    step(aliases, &Segment::Each)
        .into_iter()
        .chain(computed)
        .collect()
}

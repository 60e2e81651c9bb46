//! What is written short, written out: defaults merged into steps, pages as loops, kinds of auth as the general flow.
//!
//! Works on definitions: what comes out is a definition that an author could have written, which is what
//! `explain` prints and `compile` takes. Expanding it again changes nothing.

pub(crate) mod defaults;

mod expression;
mod flow;
mod made;
mod page;

use self::defaults::Flows;
use crate::definition::Definition;
use crate::diagnostic::Diagnostic;

/// A definition without sugar.
#[derive(Debug)]
pub struct Expanded {
    /// The definition.
    pub definition: Definition,
    /// Sugar that cannot be expanded as it is written.
    pub diagnostics: Vec<Diagnostic>,
}

/// Expands all sugar and fills in the defaults.
///
/// Never fails: what cannot be expanded is left out and reported.
pub fn expand(definition: &Definition) -> Expanded {
    let mut definition = definition.clone();
    let mut diagnostics = Vec::new();
    for flow in definition.auth.values_mut() {
        flow::expand(&mut flow.value, &definition.values);
    }
    let inherited = definition.defaults.take();
    let names: Vec<_> = definition.auth.keys().cloned().collect();
    let flows = match names.as_slice() {
        [] => Flows::None,
        [only] => Flows::Only(only),
        _ => Flows::Several,
    };
    for plan in definition.plans.values_mut() {
        let step = &mut plan.value.step;
        let default = inherited.as_ref().and_then(|step| step.auth.as_ref());
        defaults::choose_auth(step, default, flows);
        if let Some(inherited) = &inherited {
            defaults::inherit(step, inherited);
        }
        page::expand(step, &mut diagnostics);
        defaults::fill_plan(&mut plan.value);
    }
    Expanded {
        definition,
        diagnostics,
    }
}

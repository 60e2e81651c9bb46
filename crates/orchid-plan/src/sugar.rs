//! What is written short, written out: defaults merged into steps, pages as loops, kinds of auth as the general flow.
//!
//! Works on definitions: what comes out is a definition that an author could have written, which is what
//! `explain` prints and `compile` takes. Expanding it again changes nothing.

pub(crate) mod defaults;

mod expression;
mod flow;
mod made;
mod page;

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
    let only_flow = match definition.auth.keys().collect::<Vec<_>>().as_slice() {
        [only] => Some((*only).clone()),
        _ => None,
    };
    for plan in definition.plans.values_mut() {
        let step = &mut plan.value.step;
        defaults::choose_auth(
            step,
            inherited.as_ref().and_then(|step| step.auth.as_ref()),
            only_flow.as_ref(),
        );
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

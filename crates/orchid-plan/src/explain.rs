//! A plan as a document with its sugar expanded and its defaults filled in.

use crate::definition::Definition;
use crate::definition::limit::Matching;
use crate::definition::record::Field;
use crate::source::print;
use crate::sugar;

/// What holds where a field is absent and no value can be written for it.
const ABSENT: &str = "\
# Where a step does not say otherwise:
#   success_when    the status is 2xx
#   refresh_when    the status is 401
#   throttled_when  the status is 429, or 503 with a Retry-After header
#   retry_when      no readable response, or status 408, 425, 500, 502, 503, 504
";

/// The plan of that name, with what it needs of the document around it, as a document of its own.
///
/// It is valid where `definition` is, and compiles to the same program. `None` where there is no such plan.
pub fn explain(definition: &Definition, plan: &str) -> Option<String> {
    let mut definition = sugar::expand(definition).definition;
    definition.plans.retain(|name, _| name == plan);
    if definition.plans.is_empty() {
        return None;
    }
    definition
        .rate_limits
        .retain(|_, limit| match &mut limit.value.r#match {
            Some(matching) if !matching.is_empty() => {
                matching.retain(|matching| concerns(matching, plan));
                !matching.is_empty()
            }
            _ => true,
        });
    let document = print::yaml(&definition.write()?);
    Some(format!(
        "# The plan `{plan}`, with its sugar expanded and its defaults filled in.\n{ABSENT}\n{document}"
    ))
}

/// Whether a limit's entry may match requests of a plan.
fn concerns(matching: &Matching, plan: &str) -> bool {
    matching
        .step
        .as_ref()
        .is_none_or(|step| step.value.split('/').next() == Some(plan))
}

//! `paginate` as the loop that it stands for.

use indexmap::IndexMap;
use smol_str::SmolStr;

use super::expression;
use super::made::At;
use crate::definition::field::{ExpressionText, Spanned, TemplateText, TemplateTree};
use crate::definition::step::{CursorSugar, Step, Var};
use crate::diagnostic::{Diagnostic, codes};
use crate::source::text::{Place, ScalarKind};

/// The page's items where the author names none: the body, or its only array. Null, which no length has, where
/// there is none or more than one.
const ITEMS: &str = "if(type(response.body) == 'array', response.body, \
     let $arrays = values(response.body)[?type(@) == 'array'] in if(length($arrays) == 1, $arrays[0], null))";

/// Expands `paginate` of a step and of all below it.
pub(super) fn expand(step: &mut Step, diagnostics: &mut Vec<Diagnostic>) {
    if let Some(paginate) = step.paginate.take() {
        if let Some(page) = paginate.page {
            let counted = Counted {
                first: page.start.as_ref().map_or(1, |start| start.value),
                kind: Counting::Pages,
                param: page.param,
                size_param: page.size_param,
                size: page.size,
                items: page.items,
                total: page.total,
                place: page.place,
            };
            expand_counted(step, counted, diagnostics);
        } else if let Some(offset) = paginate.offset {
            let counted = Counted {
                first: 0,
                kind: Counting::Items,
                param: offset.param,
                size_param: offset.size_param,
                size: offset.size,
                items: offset.items,
                total: offset.total,
                place: offset.place,
            };
            expand_counted(step, counted, diagnostics);
        } else if let Some(cursor) = paginate.cursor {
            expand_cursor(step, &cursor, diagnostics);
        }
    }
    for child in step.steps.values_mut() {
        expand(&mut child.value, diagnostics);
    }
}

/// Pages by number or by offset.
struct Counted {
    kind: Counting,
    /// The first page's number.
    first: u64,
    param: Spanned<SmolStr>,
    size_param: Option<Spanned<SmolStr>>,
    size: Option<TemplateText>,
    items: Option<ExpressionText>,
    total: Option<ExpressionText>,
    place: Place,
}

/// What the parameter counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Counting {
    Pages,
    Items,
}

fn expand_counted(step: &mut Step, counted: Counted, diagnostics: &mut Vec<Diagnostic>) {
    let at = At(&counted.place);
    let items = counted
        .items
        .as_ref()
        .map_or(ITEMS, |items| items.0.value.as_str())
        .to_owned();
    let size = counted.size.as_ref().map(expression::of_template);
    let total = counted.total.as_ref().map(|total| total.0.value.clone());
    // Without a size, how many items came so far must be counted along.
    let needs_count = size.is_none() && (counted.kind == Counting::Items || total.is_some());
    let count = free_name(step, "items_seen");
    let position = match (counted.kind, &size) {
        (Counting::Pages, _) if counted.first == 0 => "context.iteration".to_owned(),
        (Counting::Pages, _) => format!("context.iteration + {}", counted.first),
        (Counting::Items, Some(size)) => format!("context.iteration * {size}"),
        (Counting::Items, None) => format!("vars.{count}"),
    };
    let goes_on = match (&size, &total) {
        (Some(size), None) => format!("length({items}) >= {size}"),
        (Some(size), Some(total)) => {
            format!("length({items}) >= {size} && (context.iteration + 1) * {size} < ({total})")
        }
        (None, Some(total)) => format!("length({items}) > 0 && vars.{count} < ({total})"),
        (None, None) => format!("length({items}) > 0"),
    };
    if needs_count {
        let next = format!("vars.{count} + length({items})");
        let var = Var {
            init: at.literal(ScalarKind::Number, "0"),
            next: Some(at.expression(next)),
            place: at.place(),
        };
        step.vars.insert(count, at.entry(var));
    }
    add_param(
        step,
        &counted.param,
        at.leaf(format!("${{{position}}}")),
        diagnostics,
    );
    if let (Some(name), Some(size)) = (&counted.size_param, counted.size) {
        add_param(step, name, TemplateTree::Leaf(size), diagnostics);
    } else if let Some(name) = &counted.size_param {
        diagnostics.push(
            Diagnostic::error(
                codes::FIELD_MISSING,
                &name.place,
                "`size_param` says where the size goes, but there is no `size`",
            )
            .with_help("add `size`, the number of items of a full page"),
        );
    }
    step.r#while = Some(at.expression(goes_on));
}

fn add_param(
    step: &mut Step,
    name: &Spanned<SmolStr>,
    value: TemplateTree,
    diagnostics: &mut Vec<Diagnostic>,
) {
    if step.params.contains_key(&name.value) {
        diagnostics.push(twice(name, "params"));
        return;
    }
    step.params
        .insert(name.value.clone(), At(&name.place).entry(value));
}

fn twice(name: &Spanned<SmolStr>, field: &str) -> Diagnostic {
    let message = format!("`{}` is set by `paginate` and in `{field}`", name.value);
    Diagnostic::error(codes::FIELD_EXCLUSIVE, &name.place, message)
        .with_help(format!("leave it out of `{field}`"))
}

fn expand_cursor(step: &mut Step, cursor: &CursorSugar, diagnostics: &mut Vec<Diagnostic>) {
    let at = At(&cursor.place);
    let name = free_name(step, "cursor");
    let value = at.template(format!("${{vars.{name}}}"));
    let first = if let Some(param) = &cursor.param {
        let old = step.params.insert(
            param.value.clone(),
            At(&param.place).entry(TemplateTree::Leaf(value)),
        );
        old.map(|old| expression::of_tree(&old.value))
    } else if let Some(header) = &cursor.header {
        let own = step
            .headers
            .keys()
            .find(|own| own.eq_ignore_ascii_case(&header.value))
            .cloned();
        let key = own.unwrap_or_else(|| header.value.clone());
        step.headers
            .insert(key, At(&header.place).entry(value))
            .map(|old| expression::of_template(&old.value))
    } else if let Some(path) = &cursor.body {
        match set_in_body(step, path, TemplateTree::Leaf(value)) {
            Ok(old) => old.map(|old| expression::of_tree(&old)),
            Err(diagnostic) => {
                diagnostics.push(diagnostic);
                None
            }
        }
    } else {
        None
    };
    // What the author put where the cursor goes is the first page's cursor.
    let init = first.map_or_else(
        || at.literal(ScalarKind::Null, "null"),
        |first| at.expression(first),
    );
    let from = cursor.from.0.value.as_str();
    let goes_on = match &cursor.more {
        Some(more) => format!("({from}) && ({})", more.0.value),
        None => from.to_owned(),
    };
    step.vars.insert(
        name,
        at.entry(Var {
            init,
            next: Some(cursor.from.clone()),
            place: at.place(),
        }),
    );
    step.r#while = Some(at.expression(goes_on));
}

/// Puts a value at a dotted path of the request's body, and gives what stood there.
fn set_in_body(
    step: &mut Step,
    path: &Spanned<SmolStr>,
    value: TemplateTree,
) -> Result<Option<TemplateTree>, Diagnostic> {
    let at = At(&path.place);
    if let Some(form) = &mut step.form {
        return Ok(form
            .insert(path.value.clone(), at.entry(value))
            .map(|old| old.value));
    }
    let mut names: Vec<&str> = path.value.split('.').collect();
    let empty = || TemplateTree::Object(IndexMap::new(), path.place.clone());
    let root = if let Some(graphql) = &mut step.graphql {
        if names.first() != Some(&"variables") || names.len() < 2 {
            let message = "the body of a GraphQL request takes a cursor among its variables only";
            return Err(Diagnostic::error(codes::FIELD_VALUE, &path.place, message)
                .with_help(format!("write `body: variables.{}`", path.value)));
        }
        names.remove(0);
        graphql.variables.get_or_insert_with(empty)
    } else {
        step.body.get_or_insert_with(empty)
    };
    let mut tree = root;
    let Some((last, parents)) = names.split_last() else {
        return Ok(None);
    };
    for name in parents {
        let TemplateTree::Object(entries, _) = tree else {
            return Err(no_object(path));
        };
        tree = &mut entries
            .entry(SmolStr::from(*name))
            .or_insert_with(|| at.entry(empty()))
            .value;
    }
    let TemplateTree::Object(entries, _) = tree else {
        return Err(no_object(path));
    };
    Ok(entries
        .insert(SmolStr::from(*last), at.entry(value))
        .map(|old| old.value))
}

fn no_object(path: &Spanned<SmolStr>) -> Diagnostic {
    let message = format!("`{}` is no place in `body`, which is no object there", path.value);
    Diagnostic::error(codes::FIELD_VALUE, &path.place, message)
        .with_help("write `body` as an object that holds the field")
}

/// A loop variable's name that the author does not use.
fn free_name(step: &Step, wanted: &str) -> SmolStr {
    let mut name = wanted.to_owned();
    while step.vars.contains_key(name.as_str()) {
        name.push('_');
    }
    name.into()
}

//! Random expressions of the common subset on random documents: the same as another engine says. And random
//! text, and near misses of expressions: no panic, and no longer than the budget allows.
//!
//! Left out of the subset is what the two understand differently on purpose: slices and order of text, nulls in
//! projections of pipes, numbers beyond 53 bits.

use jpx_core::Runtime;
use orchid_jmespath::document;
use orchid_jmespath::expression::{Env, Expression, Options, Rules};
use orchid_jmespath::problem::ProblemKind;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

fn env() -> Env<'static> {
    Env {
        now: jiff::Timestamp::UNIX_EPOCH,
        random: None,
        rules: Rules::Standard,
    }
}

/// Whether ours refuses it before it runs, where the other engine fails only when it gets there.
fn is_refused_statically(expression: &str) -> bool {
    let compiled = Expression::compile(expression, &Options::default());
    compiled.is_err_and(|problems| {
        problems
            .iter()
            .all(|problem| problem.kind == ProblemKind::ArgumentType)
    })
}

/// What ours says, as JSON; `None` for an error of any kind.
fn ours(expression: &str, data: &Json) -> Option<Json> {
    let compiled = Expression::compile(expression, &Options::default()).ok()?;
    let root = document::parse(data.to_string().into()).expect("JSON");
    let value = compiled.evaluate(&root, &env()).ok()?;
    Some(serde_json::from_str(&value.to_json()).expect("a result is JSON"))
}

fn theirs(expression: &str, data: &Json) -> Option<Json> {
    let runtime = Runtime::strict();
    let compiled = runtime.compile(expression).ok()?;
    compiled.search(data).ok()
}

/// Equal, numbers by value: `2.0` and `2` are the same number.
fn same(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => a.as_f64() == b.as_f64(),
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

fn name() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "c", "id", "tags"]).prop_map(ToOwned::to_owned)
}

fn data() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        (-20_i64..20).prop_map(Json::from),
        Just(json!(2.5)),
        prop::sample::select(vec!["", "a", "x", "ünï", "10"]).prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Json::from),
            prop::collection::vec((name(), inner), 0..5)
                .prop_map(|entries| Json::Object(entries.into_iter().collect())),
        ]
    })
}

fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        4 => name(),
        1 => Just("@".to_owned()),
        1 => Just("'x'".to_owned()),
        1 => Just("`3`".to_owned()),
        1 => Just("`[1, null, \"x\"]`".to_owned()),
        1 => Just("`null`".to_owned()),
    ];
    leaf.prop_recursive(5, 30, 3, |inner| {
        let pair = (inner.clone(), inner.clone());
        prop_oneof![
            (inner.clone(), name()).prop_map(|(left, name)| format!("({left}).{name}")),
            (inner.clone(), name()).prop_map(|(left, name)| format!("({left})[*].{name}")),
            (inner.clone(), -3_i64..4).prop_map(|(left, index)| format!("({left})[{index}]")),
            (inner.clone(), -3_i64..4, -3_i64..4)
                .prop_map(|(left, from, to)| format!("to_array({left})[{from}:{to}]")),
            inner.clone().prop_map(|left| format!("({left})[]")),
            inner.clone().prop_map(|left| format!("({left}).*")),
            inner.clone().prop_map(|inner| format!("!({inner})")),
            pair.clone()
                .prop_map(|(left, right)| format!("({left})[?{right}]")),
            pair.clone()
                .prop_map(|(left, right)| format!("({left}) == ({right})")),
            pair.clone()
                .prop_map(|(left, right)| format!("({left}) != ({right})")),
            pair.clone()
                .prop_map(|(left, right)| format!("({left}) && ({right})")),
            pair.clone()
                .prop_map(|(left, right)| format!("({left}) || ({right})")),
            pair.clone()
                .prop_map(|(left, right)| format!("({left}) | ({right})")),
            (name(), name(), pair)
                .prop_map(|(one, two, (left, right))| format!("@.{{{one}: {left}, {two}_: {right}}}")),
            prop::collection::vec(inner.clone(), 1..3).prop_map(|items| format!("@.[{}]", items.join(", "))),
            (
                prop::sample::select(vec![
                    "length",
                    "keys",
                    "type",
                    "to_string",
                    "not_null",
                    "to_array",
                    "reverse",
                    "abs",
                    "sum"
                ]),
                inner.clone()
            )
                .prop_map(|(function, inner)| format!("{function}({inner})")),
            (name(), inner).prop_map(|(name, list)| format!("map(&{name}, {list})")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, max_global_rejects: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn two_engines_agree(expression in expression(), data in data()) {
        prop_assume!(!is_refused_statically(&expression));
        match (ours(&expression, &data), theirs(&expression, &data)) {
            (Some(ours), Some(theirs)) => {
                prop_assert!(same(&ours, &theirs), "{expression} on {data}: {ours}, theirs {theirs}");
            }
            (None, None) => {}
            (ours, theirs) => prop_assert!(false, "{expression} on {data}: {ours:?}, theirs {theirs:?}"),
        }
    }

    #[test]
    fn any_text_is_taken_or_refused(text in "\\PC{0,60}", data in data()) {
        // Neither may panic, whatever the answer.
        let _ = ours(&text, &data);
    }

    #[test]
    fn any_signs_are_taken_or_refused(text in "[a-c0-9.\\[\\]{}()*&|!<=>?:,'\"`@$ +/%-]{0,40}", data in data()) {
        let _ = ours(&text, &data);
    }

    #[test]
    fn near_misses_are_taken_or_refused(
        expression in expression(),
        at in any::<prop::sample::Index>(),
        put in prop::sample::select(vec!["", "[", "]", "(", ")", "'", "`", "\"", ".", "*", "&", "|", "$x", "let $x = ", " in ", "?", ":", "-", "é"]),
        data in data(),
    ) {
        let places: Vec<usize> = expression.char_indices().map(|(at, _)| at).collect();
        let place = places[at.index(places.len())];
        let after = place + expression[place..].chars().next().map_or(0, char::len_utf8);
        let _ = ours(&format!("{}{put}{}", &expression[..place], &expression[place..]), &data);
        let _ = ours(&format!("{}{put}{}", &expression[..place], &expression[after..]), &data);
    }
}

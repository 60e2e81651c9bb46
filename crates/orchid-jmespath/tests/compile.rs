//! What is known of an expression before it runs: problems, warnings, the paths that it reads, its constant.

use std::collections::BTreeMap;
use std::sync::Arc;

use orchid_jmespath::expression::{Env, Expression, Options, Path, Rules, Segment};
use orchid_jmespath::problem::{Problem, ProblemKind};
use orchid_jmespath::shape::Shape;
use orchid_jmespath::value::Value;

fn object(fields: &[(&str, Shape)]) -> Shape {
    let fields = fields
        .iter()
        .map(|(name, shape)| ((*name).into(), shape.clone()))
        .collect::<BTreeMap<_, _>>();
    Shape::Object {
        fields: fields.into(),
        open: false,
    }
}

fn root() -> Shape {
    let response = object(&[
        ("status_code", Shape::Scalar),
        ("body", Shape::Any),
        ("headers", Shape::Any),
    ]);
    let users = Shape::Array(Arc::new(object(&[("id", Shape::Scalar)])));
    object(&[
        ("response", response),
        ("users", users),
        ("config", object(&[("base_url", Shape::Scalar)])),
    ])
}

fn problems(source: &str) -> Vec<Problem> {
    let shape = root();
    let options = Options {
        root: Some(&shape),
        ..Options::default()
    };
    Expression::compile(source, &options).err().unwrap_or_default()
}

#[test]
fn problems_have_a_kind_a_place_and_a_hint() {
    use ProblemKind as K;
    for (source, kind, marked, help) in [
        ("", K::Syntax, "", ""),
        ("response.", K::Syntax, "", ""),
        ("response.body = 1", K::Syntax, "=", "`==`"),
        ("response.body ==", K::Syntax, "", ""),
        ("`done`", K::Syntax, "`done`", "'done'"),
        ("response[\"body\"]", K::Syntax, "[", "['body']"),
        ("'open", K::Syntax, "'open", ""),
        ("\"length\"(response.body)", K::Syntax, "(", ""),
        ("&response", K::Syntax, "&", ""),
        ("007", K::Syntax, "007", "zeros"),
        ("respons.body", K::UnknownRoot, "respons", "`response`"),
        (
            "nothing",
            K::UnknownRoot,
            "nothing",
            "`config`, `response`, `users`",
        ),
        ("response.bdy", K::UnknownField, "bdy", "`body`"),
        ("$.response.bdy", K::UnknownField, "bdy", "`body`"),
        ("response['bdy']", K::UnknownField, "response['bdy']", "`body`"),
        ("response.status_code.x", K::UnknownField, "x", ""),
        ("users[].idd", K::UnknownField, "idd", "`id`"),
        ("users[*].idd", K::UnknownField, "idd", "`id`"),
        ("users[?idd == 1]", K::UnknownField, "idd", "`id`"),
        ("users[0].idd", K::UnknownField, "idd", "`id`"),
        ("let $u = users in $u[].idd", K::UnknownField, "idd", "`id`"),
        ("users | [].idd", K::UnknownField, "idd", "`id`"),
        ("lenght(users)", K::UnknownFunction, "lenght", "`length`"),
        ("uuid()", K::UnknownFunction, "uuid", ""),
        ("length()", K::Arity, "length()", "length(subject)"),
        ("length('a', 'b')", K::Arity, "length('a', 'b')", ""),
        ("length(1)", K::ArgumentType, "1", ""),
        ("sort_by(users, id)", K::ArgumentType, "id", "`&id`"),
        ("length(&users)", K::ArgumentType, "&users", ""),
        ("matches('a', '(')", K::Value, "'('", ""),
        ("format_time(response.body, '%')", K::Value, "'%'", "strftime"),
        ("add_time(response.body, 'soon')", K::Value, "'soon'", "15m"),
        ("hash('sha3', 'a')", K::Value, "'sha3'", "sha256"),
        ("users[::0]", K::Value, ":", ""),
        ("$x", K::UndefinedVariable, "$x", "let"),
        (
            "let $user = users in $usr",
            K::UndefinedVariable,
            "$usr",
            "`$user`",
        ),
        ("(let $u = users in $u) | $u", K::UndefinedVariable, "$u", ""),
    ] {
        let found = problems(source);
        let problem = found.first().unwrap_or_else(|| panic!("{source} compiles"));
        assert_eq!(problem.kind, kind, "{source}: {}", problem.message);
        assert_eq!(
            &source[problem.span.clone()],
            marked,
            "{source}: {}",
            problem.message
        );
        let text = problem.help.clone().unwrap_or_default();
        assert!(text.contains(help), "{source}: {text:?}");
    }
}

#[test]
fn all_problems_are_told_at_once_in_their_order() {
    use ProblemKind::{UndefinedVariable, UnknownFunction};

    let found = problems("lenght(respons) == foo() || $x");
    let kinds: Vec<_> = found.iter().map(|problem| problem.kind).collect();
    assert_eq!(kinds, [UnknownFunction, UnknownFunction, UndefinedVariable]);
}

#[test]
fn what_is_legal_has_no_problem() {
    for source in [
        "response.body.anything[0].at.all",
        "response.headers['X-Rate-Limit']",
        "users[].{id: id, n: response}",
        "users[?id > `1`].id | [0]",
        "let $u = users in $u[].id",
        "true && !false || null == response.body",
        "response.status_code == 429 ? 'slow' : 'ok'",
        "response.body.\"true\".let",
        "response.body.in.let",
        "config.base_url",
        "sort_by(users, &id)[].whatever",
        "-response.status_code // 100 % 2 - -1",
        "response.body.{true: true, in: \"in\"}",
    ] {
        let found = problems(source);
        // `id` of a hash after `[]` is looked up in the element; `response` there is a field of it.
        let expected = usize::from(source.contains("n: response"));
        assert_eq!(found.len(), expected, "{source}: {found:?}");
    }
}

#[test]
fn warnings() {
    for (source, expected) in [
        ("a == \"done\"", Some("'done'")),
        ("\"done\" != a", Some("'done'")),
        ("one_of(a, [401])", Some("backticks")),
        ("one_of(a, [401, 403])", None),
        ("a == 'done'", None),
        ("a.\"x-y\" == 'done'", None),
    ] {
        let expression = Expression::compile(source, &Options::default()).expect(source);
        let help = expression
            .warnings()
            .first()
            .and_then(|warning| warning.help.clone());
        assert_eq!(help.is_some(), expected.is_some(), "{source}");
        assert!(
            help.unwrap_or_default().contains(expected.unwrap_or_default()),
            "{source}"
        );
    }
}

fn written(path: &Path) -> String {
    let segments = path.0.iter().map(|segment| match segment {
        Segment::Field(name) => name.as_str(),
        Segment::Each => "*",
    });
    segments.collect::<Vec<_>>().join(".")
}

#[test]
fn paths_that_are_read() {
    for (source, expected) in [
        ("a.b.c", "a.b.c"),
        ("a['b']", "a.b"),
        ("a.b || a", "a"),
        ("a.b && c", "a.b c"),
        ("a[*].b", "a.*.b"),
        ("a[].b", "a.*.b a.*.*.b"),
        ("a[?x == `1`].b", "a.*.b a.*.x"),
        ("a[0].b", "a.*.b"),
        ("a.*.b", "a.*.b"),
        ("a[*].{x: b, y: c.d}", "a.*.b a.*.c.d"),
        ("{x: a.b, y: c}", "a.b c"),
        ("length(a.b)", "a.b"),
        ("map(&x.y, a)", "a"),
        ("a[*].b | [0].c", "a.*.b.c"),
        ("let $x = a.b in $x.c", "a.b.c"),
        ("let $x = a in b", "b"),
        ("$.a.b", "a.b"),
        ("a[?x == $.b.c]", "a.* b.c"),
        ("a.b == c.d", "a.b c.d"),
        ("c ? a.b : a.d", "a.b a.d c"),
        ("a.now()", "a"),
        ("@", ""),
        ("`1`", "nothing"),
        ("now()", "nothing"),
        ("a.b + a.b.c", "a.b"),
    ] {
        let expression = Expression::compile(source, &Options::default()).expect(source);
        let reads: Vec<_> = expression.reads().iter().map(written).collect();
        let found = if reads.is_empty() {
            "nothing".to_owned()
        } else {
            reads.join(" ")
        };
        assert_eq!(found, expected, "{source}");
    }
}

#[test]
fn reads_under_a_path() {
    let reads = |source: &str, path: &[&str]| {
        Expression::compile(source, &Options::default())
            .expect(source)
            .reads_under(path)
    };
    assert!(reads("response.body.items", &["response", "body"]));
    assert!(reads("response", &["response", "body"]));
    assert!(reads("response.body", &["response", "body", "items"]));
    assert!(!reads("response.headers", &["response", "body"]));
    assert!(!reads("'response'", &["response"]));
}

#[test]
fn named_expressions_see_the_root() {
    let double = Expression::compile("base + base", &Options::default()).expect("it compiles");
    let named = BTreeMap::from([("double".into(), double)]);
    let options = Options {
        named: Some(("values", &named)),
        ..Options::default()
    };
    let root = Value::object([
        ("base", Value::from(21)),
        ("list", Value::array([Value::from(1)])),
    ]);
    let env = Env {
        now: jiff::Timestamp::UNIX_EPOCH,
        random: None,
        rules: Rules::Standard,
    };
    for (source, expected) in [
        ("values.double", "42"),
        ("values['double']", "42"),
        ("list[*].{x: $.values.double}", "[{\"x\":42}]"),
        ("list[*].values.double", "[]"),
    ] {
        let expression = Expression::compile(source, &options).expect(source);
        assert_eq!(
            expression
                .evaluate(&root, &env)
                .map(|value| value.to_json())
                .as_deref(),
            Ok(expected),
            "{source}"
        );
    }
    let expression = Expression::compile("values.double", &options).expect("it compiles");
    assert_eq!(
        expression.reads().iter().map(written).collect::<Vec<_>>(),
        ["base"]
    );
    let problems = Expression::compile("values.doubel", &options).expect_err("unknown");
    assert_eq!(problems[0].help.as_deref(), Some("did you mean `double`?"));
    assert!(Expression::compile("values", &options).is_err());
}

#[test]
fn constants() {
    for (source, expected) in [
        ("'a'", Some("\"a\"")),
        ("1 + 2 * 3", Some("7")),
        ("let $x = `[1, 2]` in $x[0]", Some("1")),
        ("concat('a', 'b')", Some("\"ab\"")),
        ("a", None),
        ("now()", None),
        ("`1` / `0`", None),
        ("map(&@, `[1]`)", Some("[1]")),
        ("map(&$, `[1]`)", None),
        ("`{\"a\": [1]}`.a[?@ == `1`] | [0]", Some("1")),
        ("`{\"a\": 1}`.{x: a, y: $}", None),
    ] {
        let expression = Expression::compile(source, &Options::default()).expect(source);
        assert_eq!(
            expression.constant().map(Value::to_json).as_deref(),
            expected,
            "{source}"
        );
    }
}

#[test]
fn excerpts_point_at_the_place() {
    let source = "a ==\n  lenght('é') || b";
    let problem = &Expression::compile(source, &Options::default()).expect_err("unknown")[0];
    assert_eq!(problem.excerpt(source), "  lenght('é') || b\n  ^^^^^^");
    let end = &Expression::compile("a ==", &Options::default()).expect_err("it ends")[0];
    assert_eq!(end.excerpt("a =="), "a ==\n    ^");
}

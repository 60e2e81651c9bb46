//! Documents whose text is wrong: YAML that is none, YAML that means something else, bounds.

use orchid_plan::document;

/// Each: what is wrong, and the document. `P` stands for a plan that is right.
const CASES: &[(&str, &str)] = &[
    ("empty", ""),
    ("only a comment", "# nothing\n"),
    ("a scalar", "hello\n"),
    ("a list", "- a\n"),
    ("tab in indentation", "integration: a\nplans:\n\tp: {}\n"),
    ("nul", "integration: \0\n"),
    ("control character", "integration: \u{1}a\n"),
    ("bom inside", "integration: a\n\u{feff}plans: {}\n"),
    (
        "two documents",
        "integration: a\nplans: {p: {url: x}}\n---\nintegration: b\n",
    ),
    (
        "yaml 1.1",
        "%YAML 1.1\n---\nintegration: a\nplans: {p: {url: x}}\n",
    ),
    (
        "duplicate key",
        "integration: a\nplans: {p: {url: x}}\nintegration: b\n",
    ),
    (
        "duplicate key in json",
        "{\"integration\": \"a\", \"plans\": {\"p\": {\"url\": \"x\", \"url\": \"y\"}}}",
    ),
    (
        "merge key",
        "integration: a\nplans:\n  p: &p {url: x}\n  q:\n    <<: *p\n    url: y\n",
    ),
    ("core tag", "integration: !!str a\nplans: {p: {url: x}}\n"),
    ("own tag", "integration: a\nplans: {p: {url: !secret x}}\n"),
    (
        "key is a list",
        "integration: a\n? [x]\n: 1\nplans: {p: {url: x}}\n",
    ),
    ("key is null", "integration: a\n~: 1\nplans: {p: {url: x}}\n"),
    (
        "alias without anchor",
        "integration: *name\nplans: {p: {url: x}}\n",
    ),
    (
        "alias in itself",
        "integration: a\nplans: {p: {url: x, body: &b [*b]}}\n",
    ),
    (
        "octal",
        "integration: a\nplans: {p: {url: x, params: {n: 0o17}}}\n",
    ),
    (
        "leading zeros",
        "integration: a\nplans: {p: {url: x, params: {n: 007}}}\n",
    ),
    ("plus", "integration: a\nplans: {p: {url: x, params: {n: +1}}}\n"),
    (
        "infinity",
        "integration: a\nplans: {p: {url: x, params: {n: .inf}}}\n",
    ),
    ("unclosed bracket", "integration: a\nplans: {p: {url: x\n"),
    ("unclosed quote", "integration: \"a\nplans: {p: {url: x}}\n"),
    ("unclosed list at the end", "integration: a\nplans: [a\n"),
    ("wrong bracket", "integration: a\nplans: {p: {url: x]}\n"),
    ("extra bracket", "integration: a\nplans: {p: {url: x}}}\n"),
    ("bad escape", "integration: \"a\\q\"\nplans: {p: {url: x}}\n"),
    ("missing colon", "integration: a\nplans\n  p: {url: x}\n"),
    (
        "bad indentation",
        "integration: a\nplans:\n    p:\n        url: x\n      method: GET\n",
    ),
    (
        "list in a line",
        "integration: a\nplans:\n  p:\n    url: x\n    parse: - gzip\n",
    ),
    // What YAML eats.
    (
        "bang",
        "integration: a\nplans:\n  p:\n    url: x\n    skip_when: !response.body\n",
    ),
    (
        "bang call",
        "integration: a\nplans:\n  p:\n    url: x\n    skip_when: !contains(response.body, 'x')\n",
    ),
    (
        "bang in flow",
        "integration: a\nplans:\n  p: {url: x, when: !config.off}\n",
    ),
    (
        "ternary",
        "integration: a\nplans:\n  p:\n    url: x\n    while: prev ? true : false\n",
    ),
    (
        "ternary on its own line",
        "integration: a\nplans:\n  p:\n    url: x\n    while:\n      prev ? true : false\n",
    ),
    (
        "ternary in flow",
        "integration: a\nplans:\n  p: {url: x, while: prev ? true : false}\n",
    ),
    (
        "list",
        "integration: a\nplans:\n  p:\n    url: x\n    iterate_over: [1, 2]\n",
    ),
    (
        "filter",
        "integration: a\nplans:\n  p:\n    url: x\n    iterate_over: [?a == 'b'].c\n",
    ),
    (
        "hash",
        "integration: a\nplans:\n  p:\n    url: x\n    emit: {a: response.body}\n",
    ),
    (
        "backtick",
        "integration: a\nplans:\n  p:\n    url: x\n    iterate_over: `[1, 2]`\n",
    ),
    (
        "at",
        "integration: a\nplans:\n  p:\n    url: x\n    when: @.config.on\n",
    ),
    (
        "quoted start",
        "integration: a\nplans:\n  p:\n    url: x\n    when: 'a' == config.kind\n",
    ),
    (
        "double-quoted start",
        "integration: a\nplans:\n  p:\n    url: x\n    when: \"a-b\".c == 1\n",
    ),
    (
        "star",
        "integration: a\nplans:\n  p:\n    url: x\n    iterate_over: *.a\n",
    ),
    (
        "ampersand",
        "integration: a\nplans:\n  p:\n    url: x\n    when: &a\n",
    ),
    (
        "percent",
        "integration: a\nplans:\n  p:\n    url: x\n    when: %a\n",
    ),
    (
        "greater",
        "integration: a\nplans:\n  p:\n    url: x\n    when: > 5\n",
    ),
    (
        "pipes",
        "integration: a\nplans:\n  p:\n    url: x\n    when: || a\n",
    ),
    (
        "minus",
        "integration: a\nplans:\n  p:\n    url: x\n    vars: {a: {init: 1}}\n    when: - 1\n",
    ),
    (
        "hash sign",
        "integration: a\nplans:\n  p:\n    url: x\n    when: config.a == 'x #1'\n",
    ),
    (
        "hash sign in a template",
        "integration: a\nplans:\n  p:\n    url: x\n    headers:\n      A: ${join(' #', config.a)}\n",
    ),
    (
        "brace template",
        "integration: a\nplans:\n  p:\n    url: {base_url}/users\n",
    ),
    (
        "brace template alone",
        "integration: a\nplans:\n  p:\n    url: {base_url}\n",
    ),
    (
        "colon in a title",
        "integration: a\ntitle: Users: all of them\nplans: {p: {url: x}}\n",
    ),
    (
        "several at once",
        "integration: a\nplans:\n  p:\n    url: x\n    when: !a\n    while: b ? c : d\n    skip_when: @.x\n    nonsense: 1\n",
    ),
];

#[test]
fn wrong_texts_are_told_with_place_and_help() {
    let mut out = String::new();
    for (title, text) in CASES {
        let document = document::read(*text, "a.yaml");
        assert!(!document.is_valid(), "{title}: {text}");
        out += &format!("# {title}\n{}\n", document.render());
    }
    insta::assert_snapshot!(out);
}

//! Every diagnostic's code, in one list. Each has a page `docs/errors/<area>/<name>.md`; a test holds them together.

use orchid_jmespath::problem::ProblemKind;

/// A code and what it says, in one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// `orchid::area::kebab-case`.
    pub code: &'static str,
    /// What is wrong, one line.
    pub summary: &'static str,
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $name:ident = $code:literal: $summary:literal;)*) => {
        $(#[doc = $summary] pub const $name: &str = $code;)*

        /// All of them, by area.
        pub const CODES: &[Code] = &[$(Code { code: $code, summary: $summary },)*];
    };
}

codes! {
    // The document's text.
    DOCUMENT_TOO_LARGE = "orchid::document::too-large": "The document has more bytes than Orchid reads";
    DOCUMENT_ENCODING = "orchid::document::encoding": "The document is not UTF-8 text";
    DOCUMENT_EMPTY = "orchid::document::empty": "The document is empty";
    DOCUMENT_SYNTAX = "orchid::document::syntax": "The text is neither YAML nor JSON";
    DOCUMENT_QUOTE = "orchid::document::quote-the-expression": "YAML reads the expression as something else";
    DOCUMENT_TAG = "orchid::document::tag": "A YAML tag, which means nothing here";
    DOCUMENT_MERGE_KEY = "orchid::document::merge-key": "A YAML merge key, which YAML 1.2 does not have";
    DOCUMENT_SEVERAL = "orchid::document::several-documents": "More than one document in one text";
    DOCUMENT_DUPLICATE_KEY = "orchid::document::duplicate-key": "A key occurs twice in one object";
    DOCUMENT_KEY = "orchid::document::key": "A key that is not text";
    DOCUMENT_NUMBER = "orchid::document::number": "A number that JSON cannot hold as it is written";
    DOCUMENT_TOO_DEEP = "orchid::document::too-deep": "Lists and objects are nested too deeply";
    DOCUMENT_TOO_MANY_VALUES = "orchid::document::too-many-values": "The document has too many values, aliases expanded";
    DOCUMENT_ALIAS = "orchid::document::alias": "An alias without an anchor, or inside its own";

    // Fields.
    FIELD_UNKNOWN = "orchid::field::unknown": "A field that does not exist at this place";
    FIELD_MISSING = "orchid::field::missing": "A field that is required at this place";
    FIELD_TYPE = "orchid::field::type": "A value of another type than the field takes";
    FIELD_VALUE = "orchid::field::value": "A value of the right type that the field does not take";
    FIELD_EXCLUSIVE = "orchid::field::exclusive": "Fields that exclude each other";
    FIELD_QUANTITY = "orchid::field::quantity": "A duration or size that cannot be read";
    FIELD_NAME = "orchid::field::name": "A name with characters that names cannot have";

    // Configs.
    CONFIG_SCHEMA = "orchid::config::schema": "`config_schema` is not a JSON Schema that Orchid can use";
    CONFIG_VALUE = "orchid::config::value": "A config's value does not satisfy `config_schema`";

    // Expressions and templates.
    EXPRESSION_SYNTAX = "orchid::expression::syntax": "The text is not an expression";
    EXPRESSION_UNKNOWN_FUNCTION = "orchid::expression::unknown-function": "A function that does not exist, or not at this place";
    EXPRESSION_ARITY = "orchid::expression::arity": "A function with too few or too many arguments";
    EXPRESSION_ARGUMENT_TYPE = "orchid::expression::argument-type": "A literal argument of a type that the function refuses";
    EXPRESSION_UNDEFINED_VARIABLE = "orchid::expression::undefined-variable": "`$name` without a `let` that binds it";
    EXPRESSION_UNKNOWN_NAME = "orchid::expression::unknown-name": "A name that does not exist at this place";
    EXPRESSION_UNKNOWN_FIELD = "orchid::expression::unknown-field": "A field that the object does not have";
    EXPRESSION_VALUE = "orchid::expression::value": "A literal that is out of its range";
    EXPRESSION_TOO_LARGE = "orchid::expression::too-large": "An expression that is longer or deeper than the bounds allow";
    EXPRESSION_SUSPICIOUS = "orchid::expression::suspicious": "An expression that is legal but probably not what was meant";
    EXPRESSION_FAILED = "orchid::expression::failed": "An expression that failed while it was evaluated";
    EXPRESSION_CONSTANT = "orchid::expression::constant": "A condition whose outcome is always the same";
    TEMPLATE_LOOKS_LIKE_EXPRESSION = "orchid::template::looks-like-expression": "Literal text that reads like an expression";
    VALUES_CYCLE = "orchid::values::cycle": "Named expressions that read one another in a circle";
    VALUES_NOT_HERE = "orchid::values::not-here": "A named expression that reads what is not there at the place of use";

    // Requests.
    REQUEST_METHOD = "orchid::request::method": "A method that HTTP cannot send";
    REQUEST_HEADER = "orchid::request::header": "A header that HTTP cannot send";
    URL_SYNTAX = "orchid::url::syntax": "A URL that is none";
    URL_UNFILLED = "orchid::url::unfilled": "A path parameter that nothing fills";
    URL_PARAMETER_TEXT = "orchid::url::parameter-text": "A path parameter that is not the text that was meant";
    URL_DUPLICATE_PARAMETER = "orchid::url::duplicate-parameter": "A query parameter both in `url` and in `params`";

    // Steps and plans.
    STEP_NESTING = "orchid::step::nesting": "Steps that are nested too deeply";
    STEP_NO_LOOP = "orchid::step::no-loop": "A field of a loop or list without one";
    STEP_ENDLESS = "orchid::step::endless": "A loop that nothing ends";
    STEP_ITERATE_OVER = "orchid::step::iterate-over": "`iterate_over` that is no list";
    STEP_DECODERS = "orchid::step::decoders": "A chain of decoders that cannot be";
    SAVE_NEEDS_MERGE = "orchid::save::needs-merge": "A field saved by many items at once";
    SAVE_CONFLICT = "orchid::save::conflict": "A field saved in two ways";
    SCHEDULE_CRON = "orchid::schedule::cron": "A cron expression that is none";
    SCHEDULE_TIMEZONE = "orchid::schedule::timezone": "A time zone that does not exist";
    SCHEDULE_NONE = "orchid::schedule::none": "A field of a schedule without one";
    WINDOW_STEP = "orchid::window::step": "A window's pieces that are shorter than its granularity";
    WINDOW_LAG = "orchid::window::lag": "A window's `lag` that has no effect";

    // Auth flows and rate limits.
    AUTH_UNKNOWN = "orchid::auth::unknown": "An auth flow that does not exist";
    AUTH_NOT_CHOSEN = "orchid::auth::not-chosen": "Several auth flows, none of which is chosen";
    AUTH_OUTPUT = "orchid::auth::output": "An output that the auth flow does not have";
    AUTH_SKEW = "orchid::auth::skew": "`skew` that cannot be used";
    LIMIT_FIGURE = "orchid::limit::figure": "A figure of a rate limit that is none";
    LIMIT_MATCH = "orchid::limit::match": "A rate limit that can match nothing";
    LIMIT_ADAPT = "orchid::limit::adapt": "A rate limit that cannot learn";
}

/// The code of a static problem of an expression.
pub fn of_expression(kind: ProblemKind) -> &'static str {
    match kind {
        ProblemKind::Syntax => EXPRESSION_SYNTAX,
        ProblemKind::UnknownFunction => EXPRESSION_UNKNOWN_FUNCTION,
        ProblemKind::Arity => EXPRESSION_ARITY,
        ProblemKind::ArgumentType => EXPRESSION_ARGUMENT_TYPE,
        ProblemKind::UndefinedVariable => EXPRESSION_UNDEFINED_VARIABLE,
        ProblemKind::UnknownRoot => EXPRESSION_UNKNOWN_NAME,
        ProblemKind::UnknownField => EXPRESSION_UNKNOWN_FIELD,
        ProblemKind::Value => EXPRESSION_VALUE,
        ProblemKind::TooLarge => EXPRESSION_TOO_LARGE,
        ProblemKind::Suspicious => EXPRESSION_SUSPICIOUS,
    }
}

//! Every diagnostic's code, in one list. Each has a page `docs/errors/<area>/<name>.md`; a test holds them together.

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
}

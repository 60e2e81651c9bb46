//! One table per record: its fields' names, descriptions and types drive reading, writing and the JSON Schema.

use serde_json::Value as Json;

use super::read::Reader;
use crate::source::tree::{Member, Node};

/// What a field can hold: read from the tree, written back to it, described as JSON Schema.
pub(crate) trait Field: Sized {
    /// Reads a value; `None` where it was refused, which a diagnostic says.
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self>;

    /// What a field holds that the author left out; `None` where it is required.
    fn absent() -> Option<Self> {
        None
    }

    /// The value as a tree; `None` where the field is left out.
    fn write(&self) -> Option<Node>;

    /// The JSON Schema of the value.
    fn schema(schemas: &mut Schemas) -> Json;
}

/// An object with a closed list of fields.
pub(crate) trait Record: Sized {
    /// Its name in the JSON Schema.
    const NAME: &'static str;
    /// What it is, for editors.
    const DESCRIPTION: &'static str;

    /// Its fields, those of its base behind its own.
    fn rows() -> Vec<Row>;

    /// Reads the fields of an object whose names have been checked.
    fn read_fields(node: &Node, reader: &mut Reader<'_>) -> Option<Self>;

    /// Checks what the fields may be together.
    fn check(&self, node: &Node, reader: &mut Reader<'_>);

    /// Adds the fields that are there.
    fn write_fields(&self, members: &mut Vec<Member>);
}

/// One field of a record.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it is for.
    pub(crate) description: &'static str,
    /// Whether it must be there.
    pub(crate) required: bool,
    /// The JSON Schema of its value.
    pub(crate) schema: fn(&mut Schemas) -> Json,
}

/// A closed list of words.
pub(crate) trait Choice: Sized + Copy + 'static {
    /// Each word with its meaning.
    const WORDS: &'static [(&'static str, &'static str, Self)];
}

/// The schemas of the records met so far.
#[derive(Default)]
pub(crate) struct Schemas {
    /// By the record's name.
    pub(crate) definitions: serde_json::Map<String, Json>,
}

/// The field's name without Rust's mark for keywords.
pub(crate) const fn field_name(name: &'static str) -> &'static str {
    match name.as_bytes() {
        [b'r', b'#', ..] => name.split_at(2).1,
        _ => name,
    }
}

/// Declares a record. `Option` and `Map` fields may be absent; `: field Base` adds the fields of another record;
/// `checked by` names what checks the fields together.
macro_rules! record {
    ($(#[doc = $doc:literal])* pub struct $name:ident $(: $base_field:ident $base:ident)? $(, checked by $check:path)? {
        $($(#[doc = $field_doc:literal])* $field:ident: $type:ty,)*
    }) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name {
            $(/// The fields that it shares with its base.
            pub $base_field: $base,)?
            $($(#[doc = $field_doc])* pub $field: $type,)*
            /// Where the object stands.
            pub place: $crate::source::text::Place,
        }

        impl $crate::definition::record::Record for $name {
            const NAME: &'static str = stringify!($name);
            const DESCRIPTION: &'static str = concat!($($doc,)*);

            fn rows() -> Vec<$crate::definition::record::Row> {
                #[allow(unused_mut)]
                let mut rows = vec![$($crate::definition::record::Row {
                    name: $crate::definition::record::field_name(stringify!($field)),
                    description: concat!($($field_doc,)*),
                    required: <$type as $crate::definition::record::Field>::absent().is_none(),
                    schema: <$type as $crate::definition::record::Field>::schema,
                },)*];
                $(rows.extend(<$base as $crate::definition::record::Record>::rows());)?
                rows
            }

            fn read_fields(
                node: &$crate::source::tree::Node,
                reader: &mut $crate::definition::read::Reader<'_>,
            ) -> Option<Self> {
                $(let $base_field = <$base as $crate::definition::record::Record>::read_fields(node, reader);)?
                $(let $field = reader.field::<$type>(
                    node,
                    $crate::definition::record::field_name(stringify!($field)),
                );)*
                Some(Self {
                    $($base_field: $base_field?,)?
                    $($field: $field?,)*
                    place: node.place.clone(),
                })
            }

            #[allow(unused_variables)]
            fn check(
                &self,
                node: &$crate::source::tree::Node,
                reader: &mut $crate::definition::read::Reader<'_>,
            ) {
                $(self.$base_field.check(node, reader);)?
                $($check(self, node, reader);)?
            }

            fn write_fields(&self, members: &mut Vec<$crate::source::tree::Member>) {
                $($crate::definition::record::write_field(
                    members,
                    $crate::definition::record::field_name(stringify!($field)),
                    &self.$field,
                );)*
                $(self.$base_field.write_fields(members);)?
            }
        }

        $crate::definition::record::record_field!($name);
    };
}
pub(crate) use record;

/// Makes a record a value of fields.
macro_rules! record_field {
    ($name:ident) => {
        impl $crate::definition::record::Field for $name {
            fn read(
                node: &$crate::source::tree::Node,
                reader: &mut $crate::definition::read::Reader<'_>,
            ) -> Option<Self> {
                reader.record(node)
            }

            fn write(&self) -> Option<$crate::source::tree::Node> {
                let mut members = Vec::new();
                $crate::definition::record::Record::write_fields(self, &mut members);
                Some($crate::source::tree::Node::made(
                    $crate::source::tree::Kind::Object(members),
                ))
            }

            fn schema(schemas: &mut $crate::definition::record::Schemas) -> serde_json::Value {
                schemas.record::<$name>()
            }
        }
    };
}
pub(crate) use record_field;

/// Declares a choice: text with a closed list of values.
macro_rules! choice {
    ($(#[doc = $doc:literal])* pub enum $name:ident {
        $($(#[doc = $variant_doc:literal])* $variant:ident = $text:literal,)*
    }) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[doc = $variant_doc])* $variant,)* }

        impl $name {
            /// As it is written in a document.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }

        impl $crate::definition::record::Choice for $name {
            const WORDS: &'static [(&'static str, &'static str, Self)] =
                &[$(($text, concat!($($variant_doc,)*), Self::$variant),)*];
        }

        impl $crate::definition::record::Field for $crate::definition::field::Spanned<$name> {
            fn read(
                node: &$crate::source::tree::Node,
                reader: &mut $crate::definition::read::Reader<'_>,
            ) -> Option<Self> {
                reader.choice(node)
            }

            fn write(&self) -> Option<$crate::source::tree::Node> {
                Some($crate::source::tree::Node::text(self.value.as_str()))
            }

            fn schema(_: &mut $crate::definition::record::Schemas) -> serde_json::Value {
                $crate::definition::record::choice_schema::<$name>()
            }
        }
    };
}
pub(crate) use choice;

/// Adds a field unless it is left out.
pub(crate) fn write_field<T: Field>(members: &mut Vec<Member>, name: &'static str, value: &T) {
    if let Some(value) = value.write() {
        members.push(Member::made(name, value));
    }
}

/// The schema of a choice: each word with its meaning.
pub(crate) fn choice_schema<C: Choice>() -> Json {
    let words: Vec<Json> = C::WORDS
        .iter()
        .map(|(word, meaning, _)| serde_json::json!({ "const": word, "description": meaning.trim() }))
        .collect();
    serde_json::json!({ "oneOf": words })
}

impl Schemas {
    /// A reference to a record's schema, which is added where it is new.
    pub(crate) fn record<R: Record>(&mut self) -> Json {
        let reference = serde_json::json!({ "$ref": format!("#/$defs/{}", R::NAME) });
        if !self.definitions.contains_key(R::NAME) {
            // Reserves the name first: records may hold themselves.
            self.definitions.insert(R::NAME.to_owned(), Json::Null);
            let schema = self.object::<R>();
            self.definitions.insert(R::NAME.to_owned(), schema);
        }
        reference
    }

    /// A record's own schema.
    pub(crate) fn object<R: Record>(&mut self) -> Json {
        let mut properties = serde_json::Map::new();
        let mut required = Vec::new();
        for row in R::rows() {
            let mut schema = (row.schema)(self);
            if let Json::Object(schema) = &mut schema {
                schema.insert("description".to_owned(), row.description.trim().into());
            }
            if row.required {
                required.push(Json::from(row.name));
            }
            properties.insert(row.name.to_owned(), schema);
        }
        let mut schema = serde_json::json!({
            "type": "object",
            "description": R::DESCRIPTION.trim(),
            "properties": properties,
            "additionalProperties": false,
        });
        if !required.is_empty() {
            schema["required"] = Json::Array(required);
        }
        schema
    }
}

//! What a step keeps and puts out: saved fields, loop variables, decoders, what is emitted.

use std::collections::BTreeMap;

use smol_str::SmolStr;

use super::Compiler;
use crate::definition::Definition;
use crate::definition::field::{ExpressionText, Spanned};
use crate::definition::step::{self as written, Decoder, DecoderName, Step};
use crate::diagnostic::codes;
use crate::program::{Commit, CsvHeader, Emit, Format, Merge, Parse, Save, Unpack, Var};
use crate::shapes::{Scope, Site, Surroundings};
use crate::source::text::ScalarKind;

/// Archives around one body.
const MAX_ARCHIVES: usize = 4;

/// Names of the fields that steps save.
#[derive(Debug, Default)]
pub(super) struct SavedNames {
    /// One value each, under `context.saved`.
    pub(super) plain: Vec<SmolStr>,
    /// One value per item, under `context.saved_item`.
    pub(super) keyed: Vec<SmolStr>,
}

impl SavedNames {
    /// Of all plans.
    pub(super) fn of_all(definition: &Definition) -> Self {
        let mut names = Self::default();
        definition
            .plans
            .values()
            .for_each(|plan| names.add_all(&plan.value.step));
        names
    }

    /// Of a plan, its sub-steps included.
    pub(super) fn of_plan(plan: &Step) -> Self {
        let mut names = Self::default();
        names.add_all(plan);
        names
    }

    /// Of one step alone.
    pub(super) fn of_step(step: &Step) -> Self {
        let mut names = Self::default();
        names.add(step);
        names
    }

    fn add_all(&mut self, step: &Step) {
        self.add(step);
        step.steps.values().for_each(|entry| self.add_all(&entry.value));
    }

    fn add(&mut self, step: &Step) {
        for (name, entry) in &step.save {
            match &entry.value {
                written::Save::Settings(settings) if settings.key.is_some() => self.keyed.push(name.clone()),
                _ => self.plain.push(name.clone()),
            }
        }
    }
}

/// How a saved field is declared: equal names must agree.
type Declaration = (Option<written::Merge>, Option<written::Commit>, bool);

impl Compiler<'_> {
    /// Saved fields.
    pub(super) fn save(&mut self, step: &Step, around: &Surroundings, repetition: Repetition) -> Vec<Save> {
        let scope = around.scope(Site::Response);
        let key_scope = around.scope(Site::Key);
        step.save
            .iter()
            .map(|(name, entry)| {
                let settings = settings_of(&entry.value);
                if repetition == Repetition::PerItem
                    && settings.key.is_none()
                    && !matches!(settings.merge, Some(written::Merge::Min | written::Merge::Max))
                {
                    let message =
                        format!("`{name}` is saved under `iterate_over`, where many items meet in one field");
                    let help =
                        "say how: `merge: min` or `merge: max`, or one value per item with `key: item.id`";
                    self.error(codes::SAVE_NEEDS_MERGE, &entry.key, message, help);
                }
                Save {
                    name: name.clone(),
                    value: self.expression(settings.value, &scope),
                    merge: match settings.merge {
                        None | Some(written::Merge::Last) => Merge::Last,
                        Some(written::Merge::First) => Merge::First,
                        Some(written::Merge::Min) => Merge::Min,
                        Some(written::Merge::Max) => Merge::Max,
                    },
                    when: self.optional_condition(settings.when, &scope),
                    commit: match settings.commit {
                        None | Some(written::Commit::Run) => Commit::Run,
                        Some(written::Commit::Page) => Commit::Page,
                    },
                    key: self.optional(settings.key, &key_scope),
                }
            })
            .collect()
    }

    /// Reports fields that two steps of a plan save under one name in two ways.
    pub(super) fn check_saved_names(&mut self, plan: &Step) {
        let mut seen = BTreeMap::new();
        self.check_saved_names_of(plan, &mut seen);
    }

    fn check_saved_names_of<'d>(&mut self, step: &'d Step, seen: &mut BTreeMap<&'d str, Declaration>) {
        for (name, entry) in &step.save {
            let settings = settings_of(&entry.value);
            let declaration = (settings.merge, settings.commit, settings.key.is_some());
            if *seen.entry(name).or_insert(declaration) != declaration {
                let message = format!("`{name}` is saved in two ways: another step declares it differently");
                self.error(
                    codes::SAVE_CONFLICT,
                    &entry.key,
                    message,
                    "give it another name, or the same settings",
                );
            }
        }
        step.steps
            .values()
            .for_each(|entry| self.check_saved_names_of(&entry.value, seen));
    }

    pub(super) fn vars(&mut self, step: &Step, around: &Surroundings) -> Vec<Var> {
        let (start, scope) = (around.scope(Site::Start), around.scope(Site::Response));
        step.vars
            .iter()
            .map(|(name, entry)| Var {
                name: name.clone(),
                init: self.expression(&entry.value.init, &start),
                next: self.optional(entry.value.next.as_ref(), &scope),
            })
            .collect()
    }

    pub(super) fn emit(&mut self, emit: Option<&ExpressionText>, scope: &Scope) -> Emit {
        match emit {
            None => Emit::Response,
            Some(text) if text.0.kind == ScalarKind::Boolean => {
                if text.0.value == "true" {
                    Emit::Response
                } else {
                    Emit::Nothing
                }
            }
            Some(text) if text.0.kind != ScalarKind::String => {
                let help = "write `true`, `false`, or an expression over the response";
                self.error(
                    codes::FIELD_VALUE,
                    &text.0.place,
                    format!("`emit: {}` says nothing", text.0.value),
                    help,
                );
                Emit::Response
            }
            Some(text) => Emit::Expression(self.expression(text, scope)),
        }
    }

    pub(super) fn parse(&mut self, parse: &written::Parse) -> Parse {
        let mut unpack = Vec::new();
        let mut format = None;
        for decoder in &parse.chain {
            let (step, place) = match decoder {
                Decoder::Named(name) => (named_decoder(name.value), &name.place),
                Decoder::Options(options) => (Link::Format(self.decoder_options(options)), &options.place),
            };
            if format.is_some() {
                let help = "archives come first, then one format: `[zip, gzip, ndjson]`";
                self.error(
                    codes::STEP_DECODERS,
                    place,
                    "nothing can follow the format in a chain of decoders",
                    help,
                );
                break;
            }
            match step {
                Link::Unpack(archive) => unpack.push(archive),
                Link::Format(last) => format = Some(last),
            }
        }
        if unpack.len() > MAX_ARCHIVES {
            let help = format!("at most {MAX_ARCHIVES}");
            self.error(
                codes::STEP_DECODERS,
                &parse.place,
                "there are too many archives in each other",
                &help,
            );
        }
        if parse.chain.is_empty() {
            self.error(
                codes::STEP_DECODERS,
                &parse.place,
                "`parse` names no decoder",
                "leave it out to detect the format",
            );
        }
        Parse {
            unpack,
            format: format.unwrap_or(Format::Detect),
        }
    }

    fn decoder_options(&mut self, options: &written::DecoderOptions) -> Format {
        match (&options.xml, &options.csv) {
            (Some(xml), None) => {
                let arrays = xml
                    .arrays
                    .iter()
                    .flatten()
                    .map(|path| path.value.clone())
                    .collect();
                Format::Xml { arrays }
            }
            (None, Some(csv)) => {
                let delimiter = one_byte(csv.delimiter.as_ref(), b',');
                let quote = one_byte(csv.quote.as_ref(), b'"');
                if delimiter == quote {
                    let message = "`delimiter` and `quote` are the same character";
                    self.error(codes::FIELD_VALUE, &csv.place, message, "make them differ");
                }
                let header = match &csv.header {
                    None => CsvHeader::FirstRow,
                    Some(written::CsvHeader::FirstRow(spanned)) if spanned.value => CsvHeader::FirstRow,
                    Some(written::CsvHeader::FirstRow(_)) => CsvHeader::Absent,
                    Some(written::CsvHeader::Names(names, _)) => {
                        CsvHeader::Names(names.iter().map(|name| name.value.clone()).collect())
                    }
                };
                Format::Csv {
                    delimiter,
                    quote,
                    header,
                }
            }
            // None or both have been reported.
            _ => Format::Detect,
        }
    }
}

/// How often a step's place is reached in one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repetition {
    /// Neither it nor a step above iterates.
    Once,
    /// It iterates, or a step above does.
    PerItem,
}

/// One link of a chain of decoders.
enum Link {
    Unpack(Unpack),
    Format(Format),
}

/// A saved field with its settings, however it is written.
struct SaveSettings<'a> {
    value: &'a ExpressionText,
    merge: Option<written::Merge>,
    when: Option<&'a ExpressionText>,
    commit: Option<written::Commit>,
    key: Option<&'a ExpressionText>,
}

fn settings_of(save: &written::Save) -> SaveSettings<'_> {
    match save {
        written::Save::Value(value) => SaveSettings {
            value,
            merge: None,
            when: None,
            commit: None,
            key: None,
        },
        written::Save::Settings(settings) => SaveSettings {
            value: &settings.value,
            merge: settings.merge.as_ref().map(|spanned| spanned.value),
            when: settings.when.as_ref(),
            commit: settings.commit.as_ref().map(|spanned| spanned.value),
            key: settings.key.as_ref(),
        },
    }
}

fn named_decoder(name: DecoderName) -> Link {
    Link::Format(match name {
        DecoderName::Gzip => return Link::Unpack(Unpack::Gzip),
        DecoderName::Zip => return Link::Unpack(Unpack::Zip),
        DecoderName::Json => Format::Json,
        DecoderName::Ndjson => Format::Ndjson,
        DecoderName::Xml => Format::Xml { arrays: Vec::new() },
        DecoderName::Csv => Format::Csv {
            delimiter: b',',
            quote: b'"',
            header: CsvHeader::FirstRow,
        },
        DecoderName::Text => Format::Text,
        DecoderName::Binary => Format::Binary,
    })
}

/// A character that has been checked to be one byte, or the default.
fn one_byte(written: Option<&Spanned<SmolStr>>, default: u8) -> u8 {
    written
        .and_then(|written| written.value.bytes().next())
        .unwrap_or(default)
}

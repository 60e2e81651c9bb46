//! Equality as JMESPath defines it.

use super::{Kind, Value};

/// Numbers exactly by value, objects regardless of order. A secret equals the same value that is none.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        if self.kind() != other.kind() {
            return false;
        }
        match self.kind() {
            Kind::Null => true,
            Kind::Boolean => self.as_bool() == other.as_bool(),
            Kind::Number => self.as_number() == other.as_number(),
            Kind::String => self.as_str() == other.as_str(),
            Kind::Array => self.len() == other.len() && self.items().eq(other.items()),
            Kind::Object => {
                self.len() == other.len()
                    && self
                        .entries()
                        .all(|(name, value)| other.get(name).is_some_and(|found| found == value))
            }
        }
    }
}

impl Eq for Value {}

//! What the API has: people and groups, ways to page through them, feeds, jobs, file formats, bulk.

pub(crate) mod bulk;
pub(crate) mod feed;
pub(crate) mod formats;
pub(crate) mod graphql;
pub(crate) mod jobs;
pub(crate) mod pages;
pub(crate) mod people;

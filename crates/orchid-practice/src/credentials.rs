//! The credentials that the practice API accepts. They open nothing else and are no secret.

/// `OAuth2` client id.
pub const CLIENT_ID: &str = "practice-client";
/// `OAuth2` client secret.
pub const CLIENT_SECRET: &str = "practice-client-secret";
/// User name for basic authentication, the password grant and the login.
pub const USERNAME: &str = "practice-user";
/// The user's password.
pub const PASSWORD: &str = "practice-password";
/// API key, taken from `X-Api-Key` or the query parameter `api_key`.
pub const API_KEY: &str = "practice-api-key";

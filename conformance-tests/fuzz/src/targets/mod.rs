//! The targets by the room whose parsers they are.

pub(crate) mod claims;
pub(crate) mod federation;
pub(crate) mod forms;
pub(crate) mod index_files;
pub(crate) mod jlis;
pub(crate) mod json;
pub(crate) mod markup;
pub(crate) mod oauth;
pub(crate) mod ocsp;
pub(crate) mod paths;
pub(crate) mod sdk_oidc;
pub(crate) mod services;
pub(crate) mod signed;
pub(crate) mod texts;
pub(crate) mod x509;

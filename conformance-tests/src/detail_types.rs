//! A type of `authorization_details` (RFC 9396) for tests.

/// Lines of the platform's configuration.
pub const DETAIL_TYPES: &str = r#"
[oidc.authorization_details_types.tax_filing]
title = { ja = "税の申告", en = "Filing of a tax return" }
[oidc.authorization_details_types.tax_filing.fields.year]
title = { ja = "年", en = "Tax year" }
required = true
kind = { integer = { min = 2000, max = 2100 } }
"#;

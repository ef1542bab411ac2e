//! Attacks on SAML (OASIS security considerations, sstc-saml-sec-consider-2.0; Somorovsky and others, "On Breaking SAML", 2012).

mod metadata;

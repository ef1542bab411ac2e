//! C2SP x509-limbo with BetterTLS: certificates as TLS servers and clients present them.

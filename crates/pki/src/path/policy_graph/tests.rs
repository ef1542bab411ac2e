//! The graph alone, against hand-made certificates.

//! 利用登録.
pub mod register;

//! The text analysis against the world, one module a subject.

#![cfg(test)]

mod allocation;
mod hostile;
mod keywords;
mod language;
mod sentiment;
mod vader_parity;

//! The record model against the world, one module a subject.

#![cfg(test)]

mod compressed;
mod crime_rows;
mod decoder;
mod generated;
mod kpl_interop;
mod kpl_vectors;
mod kpl_writer;
mod layout;
mod linear_time;
mod names;
mod one_record;
mod put_aside;
mod real_data;
mod schema_rules;
mod times;

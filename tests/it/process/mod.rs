//! The program as it is started, asked, signalled and stopped: output, settings, signals, doctor, demo.
//!
//! Each test starts the binary itself, in a folder of its own; what is answered over HTTP is tested elsewhere.

mod commands;
mod demo;
mod doctor;
mod health;
pub mod program;
mod settings;
mod start;
mod stop;

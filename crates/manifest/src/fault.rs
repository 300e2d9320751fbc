//! What is wrong with manifests, and where.

use std::{fmt, io};

/// A place in a manifest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file as it was named, or `standard input`.
    pub file: String,
    /// The line, counted from 1; 0 where it is about the whole file.
    pub line: u64,
    /// The column, counted from 1 in characters.
    pub column: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.file),
            line => write!(f, "{}, line {line}, column {}", self.file, self.column),
        }
    }
}

/// One thing that is wrong: where, with which object, and what to do. It never holds what stands in a Secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// The object, such as `TenantSet customers`; empty where it is about none.
    pub object: String,
    /// What is wrong and what to write instead.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.place)?;
        if !self.object.is_empty() {
            write!(f, "{}: ", self.object)?;
        }
        f.write_str(&self.message)
    }
}

/// Why manifests were not taken.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file or folder could not be read.
    #[error("{name} cannot be read: {source}")]
    Unreadable {
        /// The file or folder as it was named.
        name: String,
        /// What the system said.
        source: io::Error,
    },
    /// Nothing to read was named, or nothing of ours was found.
    #[error("{0}")]
    Empty(String),
    /// Everything that is wrong, in the order of the files.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Refused(Vec<Fault>),
}

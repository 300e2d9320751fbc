//! The text of a definition, as it was named on the command line.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use tenantry_engine::Source;

use crate::Failure;

/// The pieces of a definition: files as they are named, a directory's `*.sql` by name, standard input.
pub fn sources(paths: &[PathBuf]) -> Result<Vec<Source>, Failure> {
    let mut sources = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).map_err(file(Path::new("standard input")))?;
            sources.push(Source { name: "standard input".to_owned(), text });
        } else if path.is_dir() {
            let entries = fs::read_dir(path).map_err(file(path))?;
            let mut files = entries
                .map(|entry| entry.map(|entry| entry.path()).map_err(file(path)))
                .collect::<Result<Vec<PathBuf>, Failure>>()?;
            files.retain(|file| file.extension().is_some_and(|extension| extension == "sql"));
            files.sort();
            for path in files {
                sources.push(source(&path)?);
            }
        } else {
            sources.push(source(path)?);
        }
    }
    Ok(sources)
}

fn source(path: &Path) -> Result<Source, Failure> {
    Ok(Source { name: path.display().to_string(), text: fs::read_to_string(path).map_err(file(path))? })
}

fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Failure {
    let path = path.display().to_string();
    move |source| Failure::File { path, source }
}

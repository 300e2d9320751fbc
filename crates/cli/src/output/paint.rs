//! Colour. What writes to the terminal takes it out again where there is none, or `NO_COLOR` is set.

use owo_colors::OwoColorize as _;

/// The answer in bold, what is declared in red, what was found in green.
pub fn painted(text: &str) -> String {
    let mut painted = String::with_capacity(text.len());
    for (at, line) in text.split_inclusive('\n').enumerate() {
        let bare = line.trim_end_matches('\n');
        let end = &line[bare.len()..];
        let mark = bare.trim_start();
        if at == 0 && !bare.is_empty() {
            painted.push_str(&format!("{}{end}", bare.bold()));
        } else if mark.starts_with("- ") && mark.len() < bare.len() {
            painted.push_str(&format!("{}{end}", bare.red()));
        } else if mark.starts_with("+ ") && mark.len() < bare.len() {
            painted.push_str(&format!("{}{end}", bare.green()));
        } else {
            painted.push_str(line);
        }
    }
    painted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colour_it_is_the_text() {
        let text = "1 of 2 tenants differ\n\nA  1 tenant\n   - text\n   + integer\n- no mark\n";
        assert_ne!(painted(text), text);
        assert_eq!(anstream::adapter::strip_str(&painted(text)).to_string(), text);
    }
}

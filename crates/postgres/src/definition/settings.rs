//! Settings that a definition may set: those that pg_dump of any version prints. None of them is set on a server; two
//! change how the rest of the text is read.

use tenantry_planner::sql::lexer::{Token, TokenKind, tokens};

use super::classify::Class;
use super::note::LeftOut;
use super::refusal::Reason;

/// Settings of pg_dump 8 to 18 that change nothing in what a definition declares: how long things may take, what is
/// checked or said meanwhile, and where tables' files lie (tablespaces are not compared, D6).
const WITHOUT_EFFECT: [&str; 12] = [
    "check_function_bodies",
    "client_encoding",
    "client_min_messages",
    "default_tablespace",
    "escape_string_warning",
    "idle_in_transaction_session_timeout",
    "lock_timeout",
    "row_security",
    "statement_timeout",
    "synchronous_commit",
    "transaction_timeout",
    "xmloption",
];

/// What becomes of `SET x = ...` and `RESET x`, by its tokens without blanks and comments.
pub(super) fn classify(all: &[Token<'_>]) -> Class {
    let reset = all.first().is_some_and(|token| token.is_word("reset"));
    let words = all.iter().skip(1).skip_while(|token| token.is_word("session") || token.is_word("local"));
    let rest: Vec<&Token<'_>> = words.collect();
    let Some(name) = rest.first().and_then(|token| token.name()) else {
        return Class::Refused(Reason::Unknown);
    };
    let second = rest.get(1).map(|token| token.text.to_ascii_lowercase());
    let dotted = second.as_deref() == Some(".");
    let name = if dotted { text_of(&rest) } else { name.into_owned() };
    match (name.as_str(), second.as_deref()) {
        ("time", Some("zone")) => return Class::Refused(Reason::Setting("timezone".to_owned())),
        ("names", _) => return Class::Nothing,
        ("all", _) if reset => return Class::SearchPath(Vec::new()),
        _ => {}
    }
    let values: Vec<String> =
        if reset || dotted { Vec::new() } else { rest.iter().skip(2).filter_map(|t| value(t)).collect() };
    set(&name, values)
}

/// What becomes of a setting that gets these values; none for its default.
fn set(name: &str, values: Vec<String>) -> Class {
    let first = values.first().map_or("", String::as_str);
    let refused = |advice| {
        let (setting, value) = (name.to_owned(), first.to_owned());
        Class::Refused(Reason::SettingValue { setting, value, advice })
    };
    match name {
        "search_path" => Class::SearchPath(values.into_iter().filter(|v| v != "default").collect()),
        "standard_conforming_strings" => Class::StandardStrings(!is_off(first)),
        "default_with_oids" if is_off(first) || first.is_empty() => Class::Nothing,
        "default_with_oids" => refused("No server since 12 has tables with OIDs. Leave it out"),
        "default_table_access_method" if matches!(first, "" | "heap" | "default") => Class::Nothing,
        "default_table_access_method" => {
            refused("Write `USING` with the access method into each CREATE TABLE")
        }
        "default_tablespace" if !matches!(first, "" | "default" | "pg_default") => {
            Class::LeftOut(LeftOut::Tablespace)
        }
        _ if WITHOUT_EFFECT.contains(&name) => Class::Nothing,
        _ => Class::Refused(Reason::Setting(name.to_owned())),
    }
}

/// What becomes of `set_config('name', 'value', ...)`.
pub(super) fn set_config(call: &[Token<'_>]) -> Option<Class> {
    let mut strings = call.iter().filter_map(Token::content);
    let (name, list) = (strings.next()?.text, strings.next()?.text);
    let values = match name.as_str() {
        "search_path" => tokens(&list).filter_map(|token| value(&token)).collect(),
        _ => vec![list],
    };
    Some(set(&name.to_ascii_lowercase(), values))
}

/// One value of a list; None for what stands between them.
fn value(token: &Token<'_>) -> Option<String> {
    match token.kind {
        TokenKind::String(_) => token.content().map(|content| content.text),
        TokenKind::Number => Some(token.text.to_owned()),
        _ => token.name().map(Into::into),
    }
}

fn is_off(value: &str) -> bool {
    ["off", "false", "no", "0"].iter().any(|off| value.eq_ignore_ascii_case(off))
}

fn text_of(tokens: &[&Token<'_>]) -> String {
    tokens.iter().map(|token| token.text).take_while(|text| !matches!(*text, "=" | "TO" | "to")).collect()
}

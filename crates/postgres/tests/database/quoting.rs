//! Quoting against the server's own functions.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use tenantry_planner::sql::lexer::{TokenKind, tokens};
use tenantry_planner::sql::{DollarQuoted, Identifier, Literal};
use tenantry_postgres::Session;

use crate::database;

/// Texts that are hard to quote, and some more of the same alphabet.
fn texts() -> Vec<String> {
    let mut texts: Vec<String> = [
        "a",
        "A",
        "1a",
        "a1",
        "_",
        "a b",
        "a\"b",
        "\"",
        "'",
        "a'b",
        "\\",
        "a\\'b",
        "$$",
        "a$b",
        "$_$",
        "x;--",
        "/*",
        "é",
        "Größe",
        "\u{feff}",
        "\n",
        "\t",
        "select",
        "user",
        "__TENANT__",
        "pg_",
        "日本語",
        "\u{1F600}",
    ]
    .map(str::to_owned)
    .into();
    texts.push("x".repeat(63));
    texts.push("\"".repeat(63));
    let mut runner = TestRunner::default();
    let text = "[a-zA-Z0-9_$'\"\\\\ ;.\\-/*\n\u{e9}\u{1F600}]{1,15}";
    for _ in 0..500 {
        texts.push(text.new_tree(&mut runner).unwrap().current());
    }
    texts
}

#[tokio::test]
async fn names_and_strings_are_quoted_as_the_server_quotes_them() {
    let (db, _, _) = database("quoting").await;
    let session = db.session().await.unwrap();
    let texts = texts();
    let rows = session
        .query("SELECT x, quote_ident(x), quote_literal(x) FROM unnest($1::text[]) AS x", &[&texts])
        .await
        .unwrap();
    assert_eq!(rows.len(), texts.len());
    for row in rows {
        let (text, ident, literal): (String, String, String) = (row.get(0), row.get(1), row.get(2));
        assert_eq!(Identifier::new(&*text).unwrap().to_string(), ident);
        assert_eq!(Literal(&text).to_string(), literal);
    }
    session.put_back();
}

/// A keyword that this server does not reserve yet may be quoted; one that it reserves must be.
#[tokio::test]
async fn every_keyword_of_the_server_is_quoted_that_has_to_be() {
    let (db, _, _) = database("keywords").await;
    let session = db.session().await.unwrap();
    let rows = session.query("SELECT word, quote_ident(word) FROM pg_get_keywords()", &[]).await.unwrap();
    assert!(rows.len() > 400);
    for row in rows {
        let (word, ident): (String, String) = (row.get(0), row.get(1));
        let ours = Identifier::new(&*word).unwrap().to_string();
        assert!(ours == ident || ours == format!("\"{word}\""), "{word}: {ours}");
    }
    session.put_back();
}

async fn said(session: &Session, sql: &str) -> String {
    session.query_one_scalar(sql, &[]).await.unwrap()
}

/// What is quoted is one token, to our lexer and to the server's, and says what was quoted.
#[tokio::test]
async fn what_is_quoted_is_read_as_it_was_meant() {
    let (db, _, _) = database("lexing").await;
    let session = db.session().await.unwrap();
    for text in texts() {
        for quoted in [Literal(&text).to_string(), DollarQuoted(&text).to_string()] {
            let read: Vec<_> = tokens(&quoted).collect();
            assert_eq!(read.len(), 1, "{quoted}");
            assert!(matches!(read[0].kind, TokenKind::String(_)) && read[0].closed, "{quoted}");
            assert_eq!(read[0].content().map(|content| content.text).as_deref(), Some(&*text), "{quoted}");
            assert_eq!(said(&session, &format!("SELECT {quoted}::text")).await, text);
        }
        let name = Identifier::new(&*text).unwrap();
        let quoted = name.to_string();
        assert_eq!(
            tokens(&quoted).next().and_then(|token| token.name()).as_deref(),
            Some(&*text),
            "{quoted}"
        );
        let column = session.query(&format!("SELECT 1 AS {quoted}"), &[]).await.unwrap();
        assert_eq!(column[0].columns()[0].name(), text);
    }
    session.put_back();
}

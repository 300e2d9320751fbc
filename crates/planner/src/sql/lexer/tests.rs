use proptest::prelude::*;

use super::*;

fn shown(text: &str) -> Vec<String> {
    tokens(text)
        .filter(|token| token.kind != TokenKind::Space)
        .map(|token| format!("{:?}{} {}", token.kind, if token.closed { "" } else { " open" }, token.text))
        .collect()
}

#[test]
fn tells_the_kinds_of_tokens() {
    let text = r#"SELECT "A""b", U&"x", 'it''s', E'it\'s', U&'\0061', B'01', x'1F', N'n', $$a$b$$, $t$ $$ $t$, $1,
        1.5e-3, .5, 1..2, a$b$, t::text, x<=-1 -- end
        /* a /* b */ c */ FROM é"#;
    insta::assert_snapshot!(shown(text).join("\n"));
}

#[test]
fn a_string_goes_on_after_a_line_end_with_the_first_ones_escapes() {
    let kinds = |text| -> Vec<StringKind> {
        tokens(text)
            .filter_map(|token| if let TokenKind::String(kind) = token.kind { Some(kind) } else { None })
            .collect()
    };
    assert_eq!(kinds("E'a'\n'b\\'; DROP TABLE x; --'"), [StringKind::Escape; 2]);
    assert_eq!(kinds("E'a' -- why\n  'b'"), [StringKind::Escape; 2]);
    assert_eq!(kinds("E'a' 'b'"), [StringKind::Escape, StringKind::Plain]);
    assert_eq!(kinds("E'a'\n+'b'"), [StringKind::Escape, StringKind::Plain]);
    assert_eq!(kinds("$$a$$\n'b'"), [StringKind::Dollar, StringKind::Plain]);
}

#[test]
fn what_is_not_closed_runs_to_the_end() {
    for text in ["'a", "E'a\\'", "\"a", "$x$ a $y$", "/* a /* b */", "U&'a"] {
        let all: Vec<_> = tokens(text).collect();
        assert_eq!(all.len(), 1, "{text}");
        assert!(!all[0].closed, "{text}");
        assert_eq!(all[0].content(), None, "{text}");
    }
}

#[test]
fn names_are_read_as_the_server_reads_them() {
    let name = |text: &'static str| tokens(text).next().and_then(|token| token.name());
    assert_eq!(name("Invoice").as_deref(), Some("invoice"));
    assert_eq!(name("\"In\"\"voice\"").as_deref(), Some("In\"voice"));
    assert_eq!(name("ÉCOLE").as_deref(), Some("École"));
    assert_eq!(name("U&\"x\""), None);
    assert_eq!(name("12"), None);
    let long = format!("\"{}é\"", "x".repeat(62));
    assert_eq!(tokens(&long).next().and_then(|token| token.name()).as_deref(), Some("x".repeat(62).as_str()));
}

#[test]
fn content_knows_where_it_came_from() {
    let text = r"x E'a''b\nc\\d'";
    let content = tokens(text).nth(2).and_then(|token| token.content()).expect("a string");
    assert_eq!(content.text, "a'b\nc\\d");
    let at = |needle| content.origin(content.text.find(needle).expect("there"));
    assert_eq!(at("b"), text.find('b').expect("there"));
    assert_eq!(at("d"), text.rfind('d').expect("there"));
    assert_eq!(content.origin(content.text.len()), text.len() - 1);

    let text = "$f$a'b$f$";
    let content = tokens(text).next().and_then(|token| token.content()).expect("a string");
    assert_eq!((content.text.as_str(), content.origin(0)), ("a'b", 3));
}

proptest! {
    #[test]
    fn nothing_is_lost(text in "(['\"$/*\\\\\n a-c;.:-]|E'|U&'|\\PC){0,40}") {
        let joined: String = tokens(&text).map(|token| token.text).collect();
        prop_assert_eq!(joined, text);
    }
}

//! The generic planner with a dialect of one rule: what is dropped, rebuilt
//! and made, and in which order, without any kind's knowledge.
//!
//! A schema is written as `name[=value[@slot]][(parent)][<on,on]`, separated by
//! spaces. A changed value that begins with `!` makes the object anew, one
//! that begins with `c` must be committed; names that begin with `f_` can be
//! written within their parent's statement.

use tenantry_catalog::{Catalog, Fact, Kind, ObjectId, Reference};
use tenantry_planner::{
    Alteration, Context, Dialect, PlanError, Policy, Rebuild, Rules, ServerVersion, Slot, Step, Transaction,
    Verb, plan, plan_restoring,
};

struct Toy;

impl Dialect for Toy {
    fn rules(&self, _: Kind) -> Option<&dyn Rules> {
        Some(&Toy)
    }
}

impl Rules for Toy {
    fn create(&self, fact: &Fact, context: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        let folded: Vec<&str> =
            context.folded_into(&fact.id, Kind::Table).map(|child| child.id.last()).collect();
        let with = if folded.is_empty() { String::new() } else { format!(" with {}", folded.join(",")) };
        Ok(vec![Step::new(&fact.id, Verb::Create, format!("+{}{with}", fact.id.last()))])
    }

    fn drop(&self, fact: &Fact, _: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        Ok(vec![Step::new(&fact.id, Verb::Drop, format!("-{}", fact.id.last()))])
    }

    fn alter(&self, _: &Fact, to: &Fact, _: &[String], _: &Context<'_>) -> Result<Alteration, PlanError> {
        let value = to.text("value").unwrap_or_default();
        if value.starts_with('!') {
            return Ok(Alteration::Replace);
        }
        let step = Step::new(&to.id, Verb::Alter, format!("~{}", to.id.last()));
        let commit = if value.starts_with('c') { Transaction::CommitAfter } else { Transaction::Within };
        Ok(Alteration::in_place(vec![step.transaction(commit)]))
    }

    fn rebuild(&self, fact: &Fact, _: &ObjectId, _: &Context<'_>) -> Rebuild {
        match fact.text("value") {
            Some("kept") => Rebuild::Keep,
            Some("precious") => Rebuild::Refuse { reason: "holds rows".into(), remedy: "Move them".into() },
            _ => Rebuild::Replace,
        }
    }

    fn foldable(&self, fact: &Fact, _: &Context<'_>) -> bool {
        fact.id.last().starts_with("f_")
    }

    fn restore(&self, fact: &Fact, _: &Context<'_>) -> Result<Vec<Step>, PlanError> {
        let reserved = fact.text("_reserved").unwrap_or_default();
        Ok(vec![Step::new(&fact.id, Verb::Restore, format!("{reserved}->{}", fact.id.last()))])
    }

    fn slots(&self, fact: &Fact) -> Vec<Slot> {
        fact.text("slot").map(|slot| Slot("name", slot.to_owned())).into_iter().collect()
    }
}

fn id(name: &str) -> ObjectId {
    ObjectId::new(Kind::Table, [name])
}

fn catalog(text: &str) -> Catalog {
    let mut catalog = Catalog::empty();
    for word in text.split_whitespace() {
        let (word, on) = word.split_once('<').unwrap_or((word, ""));
        let (word, parent) = match word.split_once('(') {
            Some((word, parent)) => (word, Some(id(parent.trim_end_matches(')')))),
            None => (word, None),
        };
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        let (value, slot) = value.split_once('@').unwrap_or((value, ""));
        let mut fact = Fact { id: id(name), parent, attributes: Default::default() };
        for (name, value) in [("value", value), ("slot", slot)] {
            if !value.is_empty() {
                fact.attributes.insert(name.to_owned(), value.into());
            }
        }
        for on in on.split(',').filter(|on| !on.is_empty()) {
            catalog.refer(fact.id.clone(), Reference::Inside(id(on)));
        }
        catalog.insert(fact);
    }
    catalog
}

fn planned(from: &str, to: &str) -> String {
    match plan(&Toy, &catalog(from), &catalog(to), &Policy::default(), ServerVersion(150_000)) {
        Ok(plan) => plan
            .segments()
            .iter()
            .map(|segment| segment.steps().iter().map(|step| step.sql.as_str()).collect::<Vec<_>>().join(" "))
            .collect::<Vec<_>>()
            .join(" | "),
        Err(error) => error.to_string(),
    }
}

#[test]
fn orders_by_what_rests_on_what() {
    for (from, to, expected) in [
        ("", "", ""),
        ("a b", "a b", ""),
        ("", "a<b b<c c", "+c +b +a"),
        ("a<b b<c c", "", "-a -b -c"),
        // A part goes before what it is part of where something between them goes.
        ("t p(t)<v v<t q(t)", "", "-p -v -t"),
        // A whole is changed after its parts went and before they change, unless one part leaves another that goes.
        ("t=1 g=1(t) x(t)", "t=2 g=2(t)", "-x ~t ~g"),
        ("t=1 g=1(t)<x x(t)", "t=2 g=2(t)", "~t ~g -x"),
        // Ties go by name, however it was written.
        ("", "z y x", "+x +y +z"),
        // Made anew with all that rests on it.
        ("a=1 b<a c<b d", "a=!2 b<a c<b d", "-c -b -a +a +b +c"),
        // What no longer rests on it is changed first, and stays.
        ("a b=1<a", "b=2", "~b -a"),
        // What rested on a dropped object and does not change is made anew.
        ("a b<a", "b", "-b -a +b"),
        // What is changed comes before what rests on it anew.
        ("a=1", "a=2 b<a", "~a +b"),
        // A child goes and comes with its parent; a kept one is left.
        ("p=1 k(p)", "p=!2 k(p)", "-p +p +k"),
        ("a=1 b=kept<a", "a=!2 b=kept<a", "-a +a"),
        // A name is free before it is taken.
        ("b=1@n", "a=1@n", "-b +a"),
    ] {
        assert_eq!(planned(from, to), expected, "{from} -> {to}");
    }
}

#[test]
fn writes_children_within_their_parent_where_no_circle_comes_of_it() {
    assert_eq!(planned("", "p f_a(p) f_b(p)<x x"), "+x +p with f_a,f_b");
    // x rests on p, so f_b cannot come with p.
    assert_eq!(planned("", "p f_a(p) f_b(p)<x x<p"), "+p with f_a +x +f_b");
}

#[test]
fn commits_only_where_a_later_step_needs_it() {
    assert_eq!(planned("e=1", "e=c2 a<e"), "~e | +a");
    assert_eq!(planned("e=1", "e=c2 a"), "~e +a");
    assert_eq!(planned("e=1 f=1", "e=c2 f=c2 a<e"), "~e ~f | +a");
}

#[test]
fn refuses_with_the_object_and_what_to_do() {
    assert_eq!(planned("a=1 b=precious<a", "a=!2 b=precious<a"), "table b: holds rows. Move them");
    let circle = planned("", "a<b b<c c<a");
    assert!(circle.starts_with("table a, table b, table c depend on each other in a circle"), "{circle}");
}

#[test]
fn brings_back_what_was_put_aside_and_then_changes_it() {
    let mut aside = catalog("t=1 c=1(t) other=1");
    for name in ["t", "other"] {
        let mut fact = aside.get(&id(name)).cloned().unwrap();
        fact.attributes.insert("_reserved".to_owned(), format!("q_{name}").into());
        aside.insert(fact);
    }
    let (from, to) = (catalog("a"), catalog("a t=1 c=2(t) d(t)"));
    let plan = plan_restoring(&Toy, &from, &aside, &to, &Policy::default(), ServerVersion(150_000)).unwrap();
    let steps: Vec<&str> = plan.steps.iter().map(|step| step.sql.as_str()).collect();
    assert_eq!(steps, ["q_t->t", "~c", "+d"]);
    assert_eq!(plan.from, tenantry_catalog::Fingerprint::of(&from));
}

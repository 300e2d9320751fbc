//! The stories, each a golden file: what a person would see.

use std::time::Duration;

use tenantry_planner::HazardKind;

use super::world::{Fault, World};
use super::{Happening, Story, Told};
use crate::rollout::{Kind, Order, Outcome, RolloutState};
use crate::{Amount, Approval, OnFailure, Retry, RolloutSpec, Select, WaveSpec};

fn wave(name: &str, select: Option<Select>) -> WaveSpec {
    WaveSpec { name: name.to_owned(), select, failure_budget: None, min_ready: Duration::ZERO, pause: false }
}

fn story(title: &'static str, spec: RolloutSpec, world: World) -> Story {
    Story { title, spec, kind: Kind::Forward, world, happenings: Vec::new() }
}

fn budget(count: u32) -> RolloutSpec {
    RolloutSpec { failure_budget: Amount::Count(count), ..RolloutSpec::default() }
}

const UNIQUE: &str = "unique_violation on app_user_email_key";

/// Everybody is where they should be, and nobody was changed twice.
fn all_well(told: &Told, but: usize) {
    let moved = told.world.tenants.values().filter(|lodger| lodger.commits == 1).count();
    assert_eq!(moved, told.world.tenants.len() - but);
    assert!(told.world.tenants.values().all(|lodger| lodger.commits <= 1));
}

#[test]
fn one_bad_tenant() {
    let world =
        World::new(Some("r1"), "r2").with(1500, "eu-1", "f1", Some("r1")).fault("t0713", Fault::Rows(UNIQUE));
    let told = story("1,500 tenants, one of them bad, budget 2", budget(2), world).tell();
    insta::assert_snapshot!(told.text);
    all_well(&told, 1);
    assert_eq!(told.outcome, Some(Outcome::Ended(RolloutState::Failed)));
    assert!((1..=25).contains(&told.world.read_beside), "{} read at once beside", told.world.read_beside);
}

#[test]
fn canary_fails() {
    let world = World::new(Some("r1"), "r2").with(300, "eu-1", "f1", Some("r1"));
    let canary = "t0140";
    let mut story = story("the canary fails; somebody repairs it and goes on", budget(5), world);
    story.world = story.world.fault(canary, Fault::Rows(UNIQUE));
    story.happenings = vec![
        (10_000, Happening::Start),
        (15_000, Happening::Repair(canary)),
        (20_000, Happening::Order(Order::Retry(tenantry_engine::TenantName::new(canary).unwrap()))),
        (20_000, Happening::Order(Order::Resume)),
    ];
    let told = story.tell();
    insta::assert_snapshot!(told.text);
    all_well(&told, 0);
}

#[test]
fn budget_spent_and_resumed() {
    let mut world = World::new(Some("r1"), "r2").with(400, "eu-1", "f1", Some("r1"));
    for bad in ["t0100", "t0200", "t0300", "t0301"] {
        world = world.fault(bad, Fault::Rows(UNIQUE));
    }
    let mut story = story("four bad tenants, budget 2; somebody goes on without them", budget(2), world);
    story.happenings = vec![(60_000, Happening::Order(Order::Resume))];
    let told = story.tell();
    insta::assert_snapshot!(told.text);
    all_well(&told, 4);
}

#[test]
fn waves_soak_and_pause() {
    let spec = RolloutSpec {
        waves: vec![
            WaveSpec {
                min_ready: Duration::from_secs(600),
                ..wave("canary", Some(Select::Some(Amount::Count(3))))
            },
            WaveSpec { pause: true, ..wave("tenth", Some(Select::Some(Amount::Percent(10)))) },
            wave("rest", None),
        ],
        ..budget(2)
    };
    let world = World::new(Some("r1"), "r2").with(200, "eu-1", "f1", Some("r1"));
    let mut story = story("three waves: ten minutes of soak, then a pause for a person", spec, world);
    story.happenings = vec![(300_000, Happening::Kill), (3_600_000, Happening::Order(Order::Resume))];
    let told = story.tell();
    insta::assert_snapshot!(told.text);
    all_well(&told, 0);
}

#[test]
fn approval() {
    let world = World::new(Some("r1"), "r2")
        .with(40, "eu-1", "f1", Some("r1"))
        .with(2, "eu-1", "f1d", Some("r1"))
        .hazard("f1", HazardKind::QuarantinesData)
        .hazard("f1d", HazardKind::QuarantinesData);
    let whole = Story { happenings: Vec::new(), ..story("", budget(2), world.clone()) }.tell();
    let offer = whole.rollout.offer.unwrap();
    let group =
        offer.groups.iter().find(|group| group.tenants.values().any(|names| names.len() == 40)).unwrap();
    let approve = |digest: &tenantry_planner::Digest| {
        Happening::Order(Order::Approve { digest: digest.clone(), by: Some("ada".to_owned()) })
    };
    let mut story =
        story("a column goes: the large group is approved first, the small one later", budget(2), world);
    story.happenings = vec![
        (5_000, Happening::Leave("t0007".to_owned())),
        (10_000, approve(&group.digest)),
        (30_000, Happening::Start),
        (40_000, approve(&offer.digest)),
    ];
    let told = story.tell();
    insta::assert_snapshot!(told.text);
}

#[test]
fn killed_in_the_second_wave() {
    let world = World::new(Some("r1"), "r2").with(1500, "eu-1", "f1", Some("r1"));
    let mut story = story("kill -9 in the middle, twice, and each time a new start", budget(2), world);
    story.happenings = vec![(400, Happening::Kill), (5_900, Happening::Kill)];
    let told = story.tell();
    insta::assert_snapshot!(told.text);
    all_well(&told, 0);
}

#[test]
fn database_down_for_a_while() {
    let world =
        World::new(Some("r1"), "r2").with(300, "eu-1", "f1", Some("r1")).with(300, "eu-2", "f1", Some("r1"));
    let mut story = story("eu-2 goes down in the middle and comes back after four seconds", budget(2), world);
    story.happenings = vec![(300, Happening::Down("eu-2")), (4_300, Happening::Up("eu-2"))];
    let told = story.tell();
    insta::assert_snapshot!(told.text);
    all_well(&told, 0);
}

#[test]
fn database_down_for_good() {
    let world =
        World::new(Some("r1"), "r2").with(100, "eu-1", "f1", Some("r1")).with(100, "eu-2", "f1", Some("r1"));
    let mut story = story("eu-2 is down from the beginning until the next day", budget(2), world);
    story.world.down("eu-2");
    story.happenings = vec![(86_400_000, Happening::Up("eu-2")), (86_400_100, Happening::Start)];
    let told = story.tell();
    insta::assert_snapshot!(told.text);
    all_well(&told, 0);
}

#[test]
fn drifted_groups() {
    let world = World::new(Some("r1"), "r2")
        .with(60, "eu-1", "f1", Some("r1"))
        .with(3, "eu-1", "f1d", Some("r1"))
        .with(2, "eu-1", "f1x", Some("r1"))
        .no_plan(
            "f1x",
            "index invoice_fax_idx is the tenant's own and rests on column invoice.fax, which goes",
        );
    let told = story("two kinds of drift: one is merged, the other collides", budget(2), world).tell();
    insta::assert_snapshot!(told.text);
}

#[test]
fn tenants_arrive_and_leave() {
    let world = World::new(Some("r1"), "r2").with(50, "eu-1", "f1", Some("r1")).with(30, "eu-1", "", None);
    let mut story =
        story("thirty new tenants are made while fifty are changed; one leaves", budget(2), world);
    story.happenings = vec![(30, Happening::Leave("t0011".to_owned()))];
    let told = story.tell();
    insta::assert_snapshot!(told.text);
    all_well(&told, 0);
}

#[test]
fn making_fails() {
    let mut world = World::new(None, "r1").with(500, "eu-1", "", None);
    for lodger in world.tenants.values_mut() {
        lodger.faults.push(Fault::Rows("permission denied for database app"));
    }
    let told = story("none of 500 new tenants can be made: it stops in time", budget(5), world).tell();
    insta::assert_snapshot!(told.text);
    assert_eq!(told.world.tenants.values().filter(|lodger| lodger.commits > 0).count(), 0);
}

#[test]
fn things_that_pass() {
    let world = World::new(Some("r1"), "r2")
        .with(100, "eu-1", "f1", Some("r1"))
        .fault("t0010", Fault::Passing(2, "a lock was not to be had"))
        .fault("t0020", Fault::Passing(9, "a lock was not to be had"))
        .fault("t0030", Fault::InDoubt(true))
        .fault("t0040", Fault::InDoubt(false))
        .fault("t0050", Fault::Changed("f1d"))
        .fault("t0060", Fault::Changed("f2"))
        .fault("t0070", Fault::Altered("f2t"));
    let told = story("locks, lost connections, and hands in the same pot", budget(5), world).tell();
    insta::assert_snapshot!(told.text);
}

#[test]
fn a_tenant_in_doubt_keeps_its_place() {
    let world = World::new(Some("r1"), "r2")
        .with(3, "eu-1", "f1", Some("r1"))
        .fault("t0001", Fault::InDoubt(false))
        .fault("t0002", Fault::InDoubt(false))
        .fault("t0003", Fault::InDoubt(false));
    let retry = Retry { attempts: 1, ..Retry::default() };
    let spec = RolloutSpec { waves: vec![wave("all", None)], max_concurrent: 1, retry, ..budget(0) };
    let told = story("one at a time, and each in doubt", spec, world).tell();
    assert_eq!(told.rollout.counted(None), 1, "{}", told.text);
}

#[test]
fn failing_rollouts_are_rolled_back() {
    let mut world = World::new(Some("r1"), "r2").with(200, "eu-1", "f1", Some("r1"));
    for bad in ["t0050", "t0060", "t0070", "t0080"] {
        world = world.fault(bad, Fault::Rows(UNIQUE));
    }
    let spec = RolloutSpec { on_failure: OnFailure::RollBack, ..budget(2) };
    let told = story("onFailure: RollBack, first half", spec.clone(), world).tell();
    insta::assert_snapshot!("rolled_back_1", told.text);
    assert_eq!(told.outcome, Some(Outcome::RollBack));
    // What the program does then: another rollout, of those that were changed.
    let mut back = World::new(Some("r2"), "r1");
    back.tenants = told.world.tenants;
    for lodger in back.tenants.values_mut() {
        lodger.faults.clear();
        lodger.commits = 0;
    }
    back = back.hazard("f2", HazardKind::QuarantinesData);
    let kind = Kind::RollBack { of: "customers-2".to_owned(), automatic: true };
    let told = Story { kind, ..story("onFailure: RollBack, second half", spec, back) }.tell();
    insta::assert_snapshot!("rolled_back_2", told.text);
    assert_eq!(told.outcome, Some(Outcome::Ended(RolloutState::RolledBack)));
}

#[test]
fn going_on_whatever_fails() {
    let mut world = World::new(Some("r1"), "r2").with(100, "eu-1", "f1", Some("r1"));
    for at in 0..30 {
        world = world.fault(&format!("t{:04}", at * 3 + 1), Fault::Rows(UNIQUE));
    }
    let spec = RolloutSpec { on_failure: OnFailure::Continue, ..budget(2) };
    let told = story("onFailure: Continue", spec, world).tell();
    insta::assert_snapshot!(
        told.text.lines().filter(|line| !line.contains("failed: ")).collect::<Vec<_>>().join("\n")
    );
    all_well(&told, 30);
}

#[test]
fn adoption() {
    let world = World::new(None, "r1")
        .with(20, "eu-1", "f1", None)
        .with(5, "eu-1", "f9", None)
        .with(3, "eu-1", "", None);
    let mut story =
        story("adoption: what does more than add waits for a person, whatever the rule", budget(2), world);
    story.spec.approval = Approval::Never;
    let told = story.tell();
    insta::assert_snapshot!(told.text);
    assert_eq!(told.outcome, Some(Outcome::AwaitingApproval));
}

#[test]
fn stopped_by_a_person() {
    let world = World::new(Some("r1"), "r2").with(1500, "eu-1", "f1", Some("r1"));
    let mut story = story("Ctrl-C, and a second start", budget(2), world);
    story.happenings = vec![(500, Happening::Stop), (5_000, Happening::Start)];
    let told = story.tell();
    insta::assert_snapshot!(told.text);
    all_well(&told, 0);
}

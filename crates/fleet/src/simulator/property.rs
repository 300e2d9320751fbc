//! Whatever happens in whatever order, the invariants hold and nothing is lost.

use std::time::Duration;

use proptest::prelude::*;
use tenantry_planner::HazardKind;

use super::world::{Fault, World};
use super::{Happening, Story};
use crate::rollout::{Kind, Order};
use crate::survey::Found;
use crate::{Amount, Approval, OnFailure, Retry, RolloutSpec, Select, WaveSpec};

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        3 => Just(Fault::Rows("unique_violation on app_user_email_key")),
        3 => (1..8_u32).prop_map(|times| Fault::Passing(times, "a lock was not to be had")),
        2 => any::<bool>().prop_map(Fault::InDoubt),
        1 => Just(Fault::Changed("f1d")),
        1 => Just(Fault::Changed("f2")),
        1 => Just(Fault::Altered("f2t")),
    ]
}

fn happening(tenants: usize) -> impl Strategy<Value = Happening> {
    let name = move || (1..=tenants).prop_map(|at| format!("t{at:04}"));
    let tenant = move || name().prop_map(|name| tenantry_engine::TenantName::new(name).unwrap());
    prop_oneof![
        3 => Just(Happening::Kill),
        2 => Just(Happening::Down("eu-2")),
        2 => Just(Happening::Up("eu-2")),
        2 => Just(Happening::Start),
        1 => Just(Happening::Stop),
        2 => Just(Happening::Order(Order::Resume)),
        3 => prop::option::of(0..3_usize).prop_map(Happening::Approve),
        1 => Just(Happening::Order(Order::Pause { by: None })),
        1 => tenant().prop_map(|name| Happening::Order(Order::Retry(name))),
        1 => tenant().prop_map(|name| Happening::Order(Order::Skip(name))),
    ]
}

fn spec() -> impl Strategy<Value = RolloutSpec> {
    let waves = prop_oneof![
        Just(Vec::new()),
        (1..4_u32, 0..40_u8, any::<bool>(), 0..3_u64).prop_map(|(count, percent, pause, soak)| {
            let wave = |name: &str, select, failure_budget| WaveSpec {
                name: name.to_owned(),
                select,
                failure_budget,
                min_ready: Duration::from_secs(soak),
                pause,
            };
            vec![
                wave("first", Some(Select::Some(Amount::Count(count))), None),
                wave("second", Some(Select::Some(Amount::Percent(percent))), Some(Amount::Count(1))),
                wave("rest", None, None),
            ]
        }),
    ];
    let on_failure = prop_oneof![
        3 => Just(OnFailure::Pause),
        1 => Just(OnFailure::Continue),
        1 => Just(OnFailure::RollBack)
    ];
    let approval = prop_oneof![Just(Approval::Always), Just(Approval::Destructive), Just(Approval::Never)];
    (waves, 1..6_u32, 0..4_u32, on_failure, approval, 1..4_u32).prop_map(
        |(waves, max_concurrent, budget, on_failure, approval, attempts)| RolloutSpec {
            waves,
            max_concurrent,
            failure_budget: Amount::Count(budget),
            on_failure,
            approval,
            retry: Retry { attempts, ..Retry::default() },
            ..RolloutSpec::default()
        },
    )
}

/// Cohorts on two databases: as they were, drifted, colliding, not there.
fn world() -> impl Strategy<Value = World> {
    (1..30_usize, 0..10_usize, 0..4_usize, 0..3_usize, 0..6_usize, any::<bool>()).prop_map(
        |(first, second, drifted, colliding, new, destructive)| {
            let world = World::new(Some("r1"), "r2")
                .with(first, "eu-1", "f1", Some("r1"))
                .with(second, "eu-2", "f1", Some("r1"))
                .with(drifted, "eu-2", "f1d", Some("r1"))
                .with(colliding, "eu-1", "f1x", Some("r1"))
                .with(new, "eu-1", "", None)
                .no_plan("f1x", "a collision");
            if destructive {
                world.hazard("f1", HazardKind::DropsData).hazard("f1d", HazardKind::DropsData)
            } else {
                world
            }
        },
    )
}

fn story() -> impl Strategy<Value = Story> {
    world().prop_flat_map(|world| {
        let tenants = world.tenants.len();
        let faults = prop::collection::vec((1..=tenants, fault()), 0..6);
        let happenings = prop::collection::vec((0..20_000_i64, happening(tenants)), 0..8);
        (Just(world), spec(), faults, happenings).prop_map(|(world, spec, faults, happenings)| {
            let world =
                faults.into_iter().fold(world, |world, (at, fault)| world.fault(&format!("t{at:04}"), fault));
            Story { title: "anything", spec, kind: Kind::Forward, world, happenings }
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    /// The invariants are checked at each step while the story is told; here:
    /// it comes to an end, and nobody is changed twice from one point.
    #[test]
    fn nothing_breaks_the_invariants(story in story()) {
        let resumed = story.happenings.iter().any(|(_, happening)| matches!(happening, Happening::Order(_) | Happening::Approve(_)));
        let stops = !resumed && story.spec.on_failure != OnFailure::Continue;
        let at_once = story.spec.max_concurrent;
        let altered = story
            .world
            .tenants
            .values()
            .filter(|lodger| lodger.faults.iter().any(|fault| matches!(fault, Fault::Altered(_))))
            .count();
        let told = story.tell();
        let failed = told.rollout.counted(None);
        // What was under way when the budget was spent may fail too, and what
        // is read back after it.
        let allowed = told.rollout.budget + at_once + u32::try_from(altered).unwrap();
        prop_assert!(!stops || failed <= allowed, "{failed} failed:\n{}", told.text);
        prop_assert!(told.outcome.is_some(), "no end:\n{}", told.text);
        for lodger in told.world.tenants.values() {
            prop_assert!(lodger.commits <= 1, "{} was changed twice:\n{}", lodger.tenant.name, told.text);
        }
    }

    /// With approval, without lasting faults and after enough starts, everybody
    /// who can be at the target is.
    #[test]
    fn whoever_is_killed_gets_there(
        world in world(),
        mut spec in spec(),
        kills in prop::collection::vec(0..3_000_i64, 0..5),
    ) {
        spec.approval = Approval::Never;
        spec.on_failure = OnFailure::Continue;
        let mut happenings: Vec<(i64, Happening)> =
            kills.into_iter().map(|time| (time, Happening::Kill)).collect();
        happenings.extend((1..4).map(|n| (100_000 * n, Happening::Order(Order::Resume))));
        let told = Story { title: "kills", spec, kind: Kind::Forward, world, happenings }.tell();
        for lodger in told.world.tenants.values() {
            let collides = lodger.found == Found::At { fingerprint: crate::testing::fingerprint("f1x"), oid: None };
            prop_assert_eq!(lodger.commits, u32::from(!collides), "{}:\n{}", lodger.tenant.name, told.text);
        }
    }
}

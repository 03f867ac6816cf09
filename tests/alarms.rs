//! Each alarm of template.yaml rings when it should, and one step before it does not.

use std::collections::BTreeSet;

use crate::support::alarm::{alarms, rings};

#[test]
fn each_alarm_rings_when_it_should_and_not_one_step_before() {
    // What is usual, and the least that is not.
    type Values = &'static [(&'static str, f64)];
    let cases: [(&str, Values, Values); 22] = [
        ("ApiErrors", &[("5XXError", 0.05)], &[("5XXError", 0.0501)]),
        ("ApiLatency", &[("Latency", 2_499.0)], &[("Latency", 2_500.0)]),
        ("AuditSeatsSilence", &[("EventsAudited", 1.0)], &[("EventsAudited", 0.0)]),
        (
            "AuditSeatsViolations",
            &[("SeatsAuditViolations", 0.0)],
            &[("SeatsAuditViolations", 1.0)],
        ),
        ("AuthorizerTrouble", &[("Errors", 0.0)], &[("Errors", 1.0)]),
        (
            "ConcurrencyNearLimit",
            &[("ClaimedAccountConcurrency", 800.0)],
            &[("ClaimedAccountConcurrency", 801.0)],
        ),
        ("FastBurnLong", &[("5XXError", 0.0144)], &[("5XXError", 0.0145)]),
        ("FastBurnShort", &[("5XXError", 0.0144)], &[("5XXError", 0.0145)]),
        (
            "FunctionErrors",
            &[("reserveSeats", 0.0), ("auditSeats", 0.0)],
            &[("reserveSeats", 0.0), ("auditSeats", 1.0)],
        ),
        ("FunctionThrottles", &[("showDocs", 0.0)], &[("showDocs", 1.0)]),
        ("GivenUpOrders", &[("GivenUp", 0.0)], &[("GivenUp", 1.0)]),
        (
            "RehearseSaleSilence",
            &[("runs", 2.0), ("failed", 1.0)],
            &[("runs", 1.0), ("failed", 1.0)],
        ),
        ("ChangeErrors", &[("confirmReservation", 0.0)], &[("confirmReservation", 1.0)]),
        ("ChangeThrottles", &[("extendReservation", 0.0)], &[("extendReservation", 1.0)]),
        ("SlowBurnLong", &[("5XXError", 0.006)], &[("5XXError", 0.0061)]),
        ("SlowBurnShort", &[("5XXError", 0.006)], &[("5XXError", 0.0061)]),
        ("SlowSales", &[("Duration", 299.0)], &[("Duration", 300.0)]),
        ("TableErrors", &[("getItem", 0.0)], &[("getItem", 1.0)]),
        ("TableThrottles", &[("updateItem", 0.0)], &[("updateItem", 1.0)]),
        (
            "UpdateErrors",
            &[("errors", 3.0), ("requests", 150.0)],
            &[("errors", 3.0), ("requests", 149.0)],
        ),
        (
            "UpdateErrors",
            &[("errors", 2.0), ("requests", 2.0)],
            &[("errors", 3.0), ("requests", 3.0)],
        ),
        (
            "WriteUnitsPerSale",
            &[("units", 150.0), ("sales", 50.0)],
            &[("units", 151.0), ("sales", 50.0)],
        ),
    ];
    let alarms = alarms();
    for (name, usual, unusual) in cases {
        assert!(!rings(&alarms[name], usual), "{name} at {usual:?}");
        assert!(rings(&alarms[name], unusual), "{name} at {unusual:?}");
    }
    let few = [("units", 490.0), ("sales", 49.0)];
    assert!(!rings(&alarms["WriteUnitsPerSale"], &few), "few sales say nothing");
    let held = [("units", 300.0), ("sales", 40.0), ("holds", 60.0)];
    assert!(!rings(&alarms["WriteUnitsPerSale"], &held), "a hold is paid for, too");
    let tried: BTreeSet<_> = cases.iter().map(|(name, ..)| (*name).to_owned()).collect();
    assert_eq!(tried, alarms.into_keys().collect());
}

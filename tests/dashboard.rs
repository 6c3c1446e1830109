//! The dashboard and the alert rules ask for what the server emits: every name, every label, every quantile. A panel that can show
//! nothing says "all is quiet" when it is not.

use harness::gateway::Behind;
use harness::people::{Phone, enrol, text};
use harness::raw::call;
use harness::{Server, root};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Label names by sample name.
type Emitted = BTreeMap<String, BTreeSet<String>>;

/// What the rules may ask of Prometheus itself.
const OF_PROMETHEUS: [&str; 1] = ["up"];

#[tokio::test(flavor = "multi_thread")]
async fn every_query_of_dashboard_and_alerts_hits_something_emitted() {
    let behind = Behind::start().await;
    let gateway = behind.gateway().await;
    live_a_little(&behind.server).await;
    let mut emitted = emitted(behind.server.url());
    for (name, labels) in self::emitted(gateway.url()) {
        emitted.entry(name).or_default().extend(labels);
    }
    let (panels, alerts) = (of_dashboard(), of_alerts());
    assert!(panels.len() > 25 && alerts.len() > 5, "{} and {} queries were found", panels.len(), alerts.len());
    let wrong: Vec<String> = panels.iter().chain(&alerts).filter_map(|query| fault(query, &emitted)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let asked: String = panels.join(" ");
    let unasked: Vec<&String> = emitted.keys().filter(|name| !asked.contains(plain(name))).collect();
    assert!(unasked.is_empty(), "no panel shows {unasked:?}");
}

#[test]
fn a_query_that_can_show_nothing_is_found() {
    let labels = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<String>>();
    let emitted: Emitted = [
        ("donghaeng_fixes_total".to_owned(), labels(&["verdict"])),
        ("donghaeng_tick_seconds_bucket".to_owned(), labels(&["le"])),
        ("donghaeng_sockets".to_owned(), labels(&[])),
    ]
    .into();
    for fine in [
        "sum by (verdict) (rate(donghaeng_fixes_total[1m]))",
        r#"rate(donghaeng_fixes_total{verdict="ok"}[1m])"#,
        "histogram_quantile(0.9, sum by (le) (rate(donghaeng_tick_seconds_bucket[1m])))",
        "sum(donghaeng_sockets)",
    ] {
        assert_eq!(fault(fine, &emitted), None);
    }
    for wrong in [
        "sum(rate(donghaeng_fixes[1m]))",
        "sum by (kind) (rate(donghaeng_fixes_total[1m]))",
        r#"rate(donghaeng_fixes_total{kind="ok"}[1m])"#,
        "rate(donghaeng_sockets[1m])",
        "donghaeng_fixes_total > 5",
        r#"histogram_quantile(0.9, sum by (le) (rate(donghaeng_tick_seconds_bucket{le="1"}[1m])))"#,
        "histogram_quantile(0.9, sum(rate(donghaeng_tick_seconds_bucket[1m])))",
        "1 > 0",
    ] {
        assert!(fault(wrong, &emitted).is_some(), "{wrong}");
    }
}

/// A trip, a fix that names no street, an alarm and a socket that is closed.
async fn live_a_little(server: &Server) {
    let people = enrol(server, 2, 1, 1).await;
    let mut first = Phone::on_shift(server, &people.staff[0], 150.0).await;
    let mut second = Phone::on_shift(server, &people.staff[1], -200.0).await;
    let mut rider = Phone::sign_in(server, &people.riders[0]).await;
    let trip = rider.book("a-key").await;
    for phone in [&mut first, &mut second] {
        let offer = phone.wait_for("offer").await.body["offer"].clone();
        phone.answer(&offer, true).await;
    }
    rider.wait_for_phase("assigned").await;
    first.tap(&trip["id"], "en_route").await;
    second.tap(&trip["id"], "en_route").await;
    let coarse =
        serde_json::json!({"fixes":[{"lat":37.57,"lon":126.98,"acc_m":900,"kind":"tower","age_ms":0,"seq":4_000_000}]});
    first.api.post("/v1/fixes", &coarse).await.expect("a coarse fix is taken");
    rider.api.post("/v1/sos", &serde_json::json!({"trip": text(&trip["id"])})).await.expect("an alarm is raised");
    // The same account on another phone: the first socket is closed by the server.
    let _again = Phone::sign_in(server, &people.riders[0]).await;
    // The field, the feed and the gauges have their turns.
    tokio::time::sleep(Duration::from_secs(3)).await;
}

fn emitted(url: &str) -> Emitted {
    let answer = call(url, "GET", "/metrics", &[], None);
    assert_eq!(answer.status, 200);
    let mut emitted = Emitted::new();
    for line in answer.body.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let end = line.find(['{', ' ']).expect("a name");
        let labels =
            line[end..].strip_prefix('{').and_then(|rest| rest.split_once('}')).map_or("", |(inside, _)| inside);
        let names = labels.split(',').filter_map(|label| Some(label.split_once('=')?.0.to_owned()));
        emitted.entry(line[..end].to_owned()).or_default().extend(names);
    }
    emitted
}

/// Without what a histogram appends.
fn plain(name: &str) -> &str {
    ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name)
}

fn of_dashboard() -> Vec<String> {
    let read = std::fs::read_to_string(root().join("deploy/grafana/donghaeng.json")).expect("the dashboard");
    let dashboard: Value = serde_json::from_str(&read).expect("it is JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let targets = panels.iter().filter_map(|panel| panel["targets"].as_array()).flatten();
    targets.map(|target| text(&target["expr"]).to_owned()).collect()
}

fn of_alerts() -> Vec<String> {
    let read = std::fs::read_to_string(root().join("deploy/prometheus/alerts.yml")).expect("the rules");
    read.lines().filter_map(|line| line.trim().strip_prefix("expr: ")).map(str::to_owned).collect()
}

/// Why the query shows nothing, or nonsense.
fn fault(query: &str, emitted: &Emitted) -> Option<String> {
    let said = |why: String| Some(format!("{query}: {why}"));
    if query.contains("histogram_quantile") && !(query.contains("by (le") && query.contains("_bucket[")) {
        return said("a quantile needs all buckets by le".to_owned());
    }
    let names: BTreeSet<&str> = words(query).filter(|word| word.starts_with("donghaeng_")).collect();
    if names.is_empty() && !OF_PROMETHEUS.iter().any(|name| words(query).any(|word| word == *name)) {
        return said("it asks for nothing of ours".to_owned());
    }
    for name in names {
        let Some(labels) = emitted.get(name) else { return said(format!("{name} is not emitted")) };
        let grows = ["_total", "_bucket", "_sum", "_count"].iter().any(|end| name.ends_with(end));
        let as_rate = ["rate(", "increase("].iter().any(|f| query.contains(&format!("{f}{name}")));
        // The sum since the start is a sight of its own for what must stay at zero.
        let as_sum = query == format!("sum({name})");
        if grows != as_rate && !(grows && as_sum) {
            return said(format!("{name} is read as what it is not"));
        }
        let after = query.split_once(name).map_or("", |(_, after)| after);
        let matched = after.strip_prefix('{').and_then(|rest| rest.split_once('}')).map_or("", |(inside, _)| inside);
        let matched = matched.split(',').filter_map(|label| Some(label.split_once('=')?.0.trim()));
        let grouped =
            query.split_once("by (").and_then(|(_, rest)| rest.split_once(')')).map_or("", |(inside, _)| inside);
        let mut wanted = matched.chain(grouped.split(',').map(str::trim)).filter(|label| !label.is_empty());
        if let Some(unknown) = wanted.find(|label| !labels.contains(*label)) {
            return said(format!("{name} has no label {unknown}"));
        }
    }
    None
}

fn words(query: &str) -> impl Iterator<Item = &str> {
    query.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
}

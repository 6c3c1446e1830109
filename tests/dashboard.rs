//! The dashboard and the alert rules ask for what the server emits: every name, every label and its values, every quantile. A panel that
//! can show nothing says "all is quiet" when it is not. And what the sources name is emitted in the life of these tests, is on a panel and
//! in the table that operators read.

use harness::gateway::Behind;
use harness::people::{Phone, SOON, enrol, text};
use harness::raw::call;
use harness::{Server, root};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// Values by label, by sample name. What can be counted is there from the beginning, at zero.
type Emitted = BTreeMap<String, Labels>;
type Labels = BTreeMap<String, BTreeSet<String>>;

/// What the rules may ask of Prometheus itself.
const OF_PROMETHEUS: &str = "up";

#[tokio::test(flavor = "multi_thread")]
async fn every_query_of_dashboard_and_alerts_hits_something_emitted() {
    let behind = Behind::start().await;
    let gateway = behind.gateway().await;
    live_a_little(&behind.server).await;
    let (panels, alerts) = (of_dashboard(), of_alerts());
    assert!(panels.len() > 25 && alerts.len() > 5, "{} and {} queries were found", panels.len(), alerts.len());
    let (named, told) = (of_sources(), read("docs/OPERATIONS.md"));
    // The field, the feed and the gauges have their turns.
    let (begun, mut emitted, mut wrong) = (Instant::now(), Emitted::new(), Vec::new());
    loop {
        emitted.insert(OF_PROMETHEUS.to_owned(), Labels::from([("job".to_owned(), jobs())]));
        for url in [behind.server.url(), gateway.url()] {
            add_emitted(&mut emitted, url);
        }
        wrong.clear();
        wrong.extend(panels.iter().chain(&alerts).filter_map(|query| fault(query, &emitted)));
        let is_known = |name: &String| emitted.keys().any(|known| plain(known) == name);
        if (wrong.is_empty() && named.iter().all(is_known)) || begun.elapsed() > SOON {
            break;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(named.len() > 40, "{named:?} were found");
    let shown: BTreeSet<&str> = panels.iter().flat_map(|query| words(query)).map(plain).collect();
    let known: BTreeSet<&str> = emitted.keys().map(|name| plain(name)).filter(|name| *name != OF_PROMETHEUS).collect();
    let lacks = |is_there: &dyn Fn(&str) -> bool| -> Vec<&str> {
        named.iter().map(String::as_str).filter(|name| !is_there(name)).collect()
    };
    let nothing: [&str; 0] = [];
    assert_eq!(lacks(&|name| known.contains(name)), nothing, "not emitted here, so nobody knows what its panel shows");
    assert_eq!(lacks(&|name| shown.contains(name)), nothing, "on no panel");
    assert_eq!(lacks(&|name| told.contains(&format!("`{name}`"))), nothing, "not in docs/OPERATIONS.md");
    let asked: BTreeSet<&str> = alerts.iter().flat_map(|query| words(query)).map(plain).collect();
    assert_eq!(
        lacks(&|name| asked.contains(name) || !is_watched(&told, name)),
        nothing,
        "to be watched, and without a rule"
    );
    let unnamed: Vec<&&str> = known.iter().filter(|name| !named.contains(**name)).collect();
    assert!(unnamed.is_empty(), "dispatcher/src/telemetry.rs does not name {unnamed:?}");
}

#[test]
fn a_query_that_can_show_nothing_is_found() {
    let mut emitted = Emitted::new();
    for sample in [
        r#"up{job="donghaeng"}"#,
        r#"donghaeng_fixes_total{verdict="ok",way="of, a \"kind\""}"#,
        r#"donghaeng_fixes_total{verdict="jump",way="b"}"#,
        r#"donghaeng_tick_seconds_bucket{le="1"}"#,
        "donghaeng_sockets",
    ] {
        add_sample(&mut emitted, sample);
    }
    for fine in [
        "sum by (verdict) (rate(donghaeng_fixes_total[1m]))",
        r#"rate(donghaeng_fixes_total{verdict="ok"}[1m])"#,
        "histogram_quantile(0.9, sum by (le) (rate(donghaeng_tick_seconds_bucket[1m])))",
        r#"rate(donghaeng_fixes_total{verdict=~"ok|jump", way!="b"}[1m])"#,
        r#"rate(donghaeng_fixes_total{way="of, a \"kind\""}[1m])"#,
        "sum(donghaeng_sockets)",
        r#"up{job="donghaeng"} == 0"#,
    ] {
        assert_eq!(fault(fine, &emitted), None);
    }
    for wrong in [
        "sum(rate(donghaeng_fixes[1m]))",
        "sum by (kind) (rate(donghaeng_fixes_total[1m]))",
        r#"rate(donghaeng_fixes_total{kind="ok"}[1m])"#,
        r#"rate(donghaeng_fixes_total{verdict="oh"}[1m])"#,
        r#"rate(donghaeng_fixes_total{verdict!="oh"}[1m])"#,
        r#"rate(donghaeng_fixes_total{verdict=~"ok|oh"}[1m])"#,
        r#"rate(donghaeng_fixes_total{verdict=~"o.*"}[1m])"#,
        r#"rate(donghaeng_fixes_total{verdict="ok",way="a"}[1m])"#,
        r#"rate(donghaeng_fixes_total[1m]) / rate(donghaeng_fixes_total{verdict="oh"}[1m])"#,
        r#"up{job="else"} == 0"#,
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
}

/// A file of the repository.
fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Whether the table of metrics says that somebody must know of it.
fn is_watched(operations: &str, metric: &str) -> bool {
    let row = operations.lines().find(|line| line.starts_with('|') && line.contains(&format!("`{metric}`")));
    row.is_some_and(|row| row.contains("**alarm") || row.contains("**watch"))
}

/// The names of all metrics.
fn of_sources() -> BTreeSet<String> {
    let source = read("dispatcher/src/telemetry.rs");
    let constants = source.lines().filter(|line| line.starts_with("pub const "));
    constants.filter_map(|line| Some(line.split('"').nth(1)?.to_owned())).collect()
}

/// What a process says of itself.
fn add_emitted(emitted: &mut Emitted, url: &str) {
    let answer = call(url, "GET", "/metrics", &[], None);
    assert_eq!(answer.status, 200);
    for line in answer.body.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        add_sample(emitted, line);
    }
}

fn add_sample(emitted: &mut Emitted, line: &str) {
    let end = line.find(['{', ' ']).unwrap_or(line.len());
    let labels = emitted.entry(line[..end].to_owned()).or_default();
    for Matched { label, value, .. } in matched(&line[end..]) {
        labels.entry(label).or_default().insert(value);
    }
}

/// One of what stands in braces behind a name.
struct Matched {
    label: String,
    /// `=`, `!=`, `=~` or `!~`.
    by: String,
    value: String,
}

/// What stands in braces where the text begins with some. A value may hold anything, quotation marks behind a backslash.
fn matched(text: &str) -> Vec<Matched> {
    let mut found = Vec::new();
    let Some(mut rest) = text.strip_prefix('{') else { return found };
    while let Some((before, after)) = rest.split_once('"') {
        let before = before.trim_matches([',', ' ']);
        let label_end = before.find(['=', '!']).expect("a label and a value");
        let mut is_escaped = false;
        let is_end = |c: char| {
            let is_end = c == '"' && !is_escaped;
            is_escaped = c == '\\' && !is_escaped;
            is_end
        };
        let end = after.find(is_end).expect("a value ends");
        let (label, by) = (before[..label_end].trim().to_owned(), before[label_end..].trim().to_owned());
        found.push(Matched { label, by, value: after[..end].to_owned() });
        rest = &after[end + 1..];
        if rest.trim_start().starts_with('}') {
            break;
        }
    }
    found
}

/// The jobs that Prometheus is told of.
fn jobs() -> BTreeSet<String> {
    let configuration = read("deploy/prometheus/prometheus.yml");
    let names = configuration.lines().filter_map(|line| line.trim().trim_start_matches("- ").strip_prefix("job_name:"));
    names.map(|name| name.trim().trim_matches('"').to_owned()).collect()
}

/// Without what a histogram appends.
fn plain(name: &str) -> &str {
    ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name)
}

fn of_dashboard() -> Vec<String> {
    let dashboard: Value = serde_json::from_str(&read("deploy/grafana/donghaeng.json")).expect("it is JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let targets = panels.iter().filter_map(|panel| panel["targets"].as_array()).flatten();
    targets.map(|target| text(&target["expr"]).to_owned()).collect()
}

fn of_alerts() -> Vec<String> {
    read("deploy/prometheus/alerts.yml")
        .lines()
        .filter_map(|line| line.trim().strip_prefix("expr: "))
        .map(str::to_owned)
        .collect()
}

/// Why the query shows nothing, or nonsense.
fn fault(query: &str, emitted: &Emitted) -> Option<String> {
    let said = |why: String| Some(format!("{query}: {why}"));
    if query.contains("histogram_quantile") && !(query.contains("by (le") && query.contains("_bucket[")) {
        return said("a quantile needs all buckets by le".to_owned());
    }
    let is_name = |word: &&str| word.starts_with("donghaeng_") || *word == OF_PROMETHEUS;
    let names: BTreeSet<&str> = words(query).filter(is_name).collect();
    if names.is_empty() {
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
        let grouped =
            query.split_once("by (").and_then(|(_, rest)| rest.split_once(')')).map_or("", |(inside, _)| inside);
        let mut grouped = grouped.split(',').map(str::trim).filter(|label| !label.is_empty());
        if let Some(unknown) = grouped.find(|label| !labels.contains_key(*label)) {
            return said(format!("{name} has no label {unknown}"));
        }
        let asked = query.match_indices(name).flat_map(|(at, _)| matched(&query[at + name.len()..]));
        for Matched { label, by, value } in asked {
            let Some(values) = labels.get(&label) else { return said(format!("{name} has no label {label}")) };
            // A pattern is a list of words here: of any other nobody could say what it misses.
            let wanted = if by.ends_with('~') { value.split('|').collect() } else { vec![&*value] };
            if let Some(unknown) = wanted.into_iter().find(|value| !values.contains(*value)) {
                return said(format!("{name} never has {label} {unknown}"));
            }
        }
    }
    None
}

fn words(query: &str) -> impl Iterator<Item = &str> {
    query.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
}

//! Compares two OpenAPI documents: what would break a client that was written from the earlier one.
//!
//! The rules are those of `docs/versioning.md`. Clients ignore fields, events and values that they do not know, so that additions to
//! answers break nobody; additions to requests break those that do not send them.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// The way that a value goes: what may be added and what may be left out is the opposite in the two.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Request,
    Response,
}

/// Lists the changes that break a client of `released`, each by the place where it stands.
pub fn breaking_changes(released: &Value, current: &Value) -> Vec<String> {
    let mut comparison = Comparison {
        released,
        current,
        seen: BTreeSet::new(),
        found: Vec::new(),
    };
    for (path, operations) in object(&released["paths"]) {
        for (method, operation) in object(operations) {
            let now = &current["paths"][path][method];
            comparison.operation(operation, now, &format!("{method} {path}"));
        }
    }
    comparison.found
}

struct Comparison<'a> {
    released: &'a Value,
    current: &'a Value,
    /// Pairs of references that are compared already: schemas may hold themselves.
    seen: BTreeSet<(String, String, bool)>,
    found: Vec<String>,
}

impl Comparison<'_> {
    /// An operation that was deprecated in a release may be gone from the next one.
    fn operation(&mut self, before: &Value, now: &Value, at: &str) {
        if now.is_null() {
            return self.break_if(before["deprecated"] != true, at, "is gone");
        }
        self.parameters(before, now, at);
        self.body(&before["requestBody"], &now["requestBody"], at);
        for (status, response) in object(&before["responses"]) {
            if status.starts_with('2') {
                let at = format!("{at} {status}");
                self.contents(response, &now["responses"][status], Way::Response, &at);
            }
        }
    }

    fn parameters(&mut self, before: &Value, now: &Value, at: &str) {
        let place = |one: &Value| (one["in"].to_string(), one["name"].to_string());
        for parameter in list(&before["parameters"]) {
            let at = format!("{at} {}", parameter["name"]);
            let mut others = list(&now["parameters"]).iter();
            match others.find(|other| place(other) == place(parameter)) {
                Some(other) => {
                    self.schema(&parameter["schema"], &other["schema"], Way::Request, &at);
                }
                None => self.break_if(true, &at, "is not taken any more"),
            }
        }
        for parameter in list(&now["parameters"]) {
            let mut others = list(&before["parameters"]).iter();
            let was_required =
                others.any(|other| place(other) == place(parameter) && other["required"] == true);
            let at = format!("{at} {}", parameter["name"]);
            self.break_if(
                parameter["required"] == true && !was_required,
                &at,
                "is required now",
            );
        }
    }

    fn body(&mut self, before: &Value, now: &Value, at: &str) {
        let at = format!("{at} body");
        let is_new_demand = now["required"] == true && before["required"] != true;
        self.break_if(is_new_demand, &at, "is required now");
        if !before.is_null() {
            self.contents(before, now, Way::Request, &at);
        }
    }

    fn contents(&mut self, before: &Value, now: &Value, way: Way, at: &str) {
        for (media_type, content) in object(&before["content"]) {
            let at = format!("{at} {media_type}");
            match now["content"].get(media_type) {
                Some(other) => self.schema(&content["schema"], &other["schema"], way, &at),
                None => self.break_if(true, &at, "is gone"),
            }
        }
    }

    fn schema(&mut self, before: &Value, now: &Value, way: Way, at: &str) {
        let names = (reference(before), reference(now));
        if !(names.0.is_empty() && names.1.is_empty()) {
            let is_request = way == Way::Request;
            if !self.seen.insert((names.0, names.1, is_request)) {
                return;
            }
        }
        let before = resolved(self.released, before);
        let now = resolved(self.current, now);
        self.values(before, now, way, at);
        self.bounds(before, now, way, at);
        self.properties(before, now, way, at);
        for kind in ["oneOf", "anyOf", "allOf"] {
            for (number, variant) in list(&before[kind]).iter().enumerate() {
                let at = format!("{at} {kind} {number}");
                match now[kind].get(number) {
                    Some(other) => self.schema(variant, other, way, &at),
                    None => self.break_if(way == Way::Request, &at, "is not taken any more"),
                }
            }
        }
        if before.get("items").is_some() {
            self.schema(&before["items"], &now["items"], way, &format!("{at}[]"));
        }
    }

    /// What is sent may be of more kinds than before, what is answered of fewer.
    fn values(&mut self, before: &Value, now: &Value, way: Way, at: &str) {
        let (types_before, types_now) = (kinds(before), kinds(now));
        let (narrow, wide) = match way {
            Way::Request => (&types_before, &types_now),
            Way::Response => (&types_now, &types_before),
        };
        let fits = wide.is_empty() || (!narrow.is_empty() && narrow.is_subset(wide));
        self.break_if(!fits, at, "is of another type");
        if way == Way::Request {
            let taken = list(&now["enum"]);
            let were_taken = list(&before["enum"]);
            let fits = taken.is_empty()
                || (!were_taken.is_empty() && were_taken.iter().all(|one| taken.contains(one)));
            self.break_if(!fits, at, "takes fewer values");
        }
    }

    fn bounds(&mut self, before: &Value, now: &Value, way: Way, at: &str) {
        let bound = |schema: &Value, name: &str| schema[name].as_f64();
        let is_tighter = |name: &str, or_less: bool| match (bound(before, name), bound(now, name)) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(before), Some(now)) if or_less => now < before,
            (Some(before), Some(now)) => now > before,
        };
        let upper = ["maximum", "maxLength", "maxItems", "maxProperties"];
        let lower = ["minimum", "minLength", "minItems", "minProperties"];
        let is_tightened = upper.into_iter().any(|name| is_tighter(name, true))
            || lower.into_iter().any(|name| is_tighter(name, false))
            || !(now["pattern"].is_null() || now["pattern"] == before["pattern"]);
        self.break_if(
            way == Way::Request && is_tightened,
            at,
            "has tighter bounds",
        );
    }

    fn properties(&mut self, before: &Value, now: &Value, way: Way, at: &str) {
        for (name, property) in object(&before["properties"]) {
            let at = format!("{at}.{name}");
            match now["properties"].get(name) {
                Some(other) => self.schema(property, other, way, &at),
                None => self.break_if(true, &at, "is gone"),
            }
        }
        let (demanding, demanded_less) = match way {
            Way::Request => (now, before),
            Way::Response => (before, now),
        };
        for name in list(&demanding["required"]) {
            let is_kept = list(&demanded_less["required"]).contains(name);
            let text = match way {
                Way::Request => "is required now",
                Way::Response => "may be absent now",
            };
            let at = format!("{at}.{}", name.as_str().unwrap_or_default());
            self.break_if(!is_kept, &at, text);
        }
    }

    fn break_if(&mut self, is_broken: bool, at: &str, text: &str) {
        if is_broken {
            self.found.push(format!("{at} {text}"));
        }
    }
}

fn reference(schema: &Value) -> String {
    schema["$ref"].as_str().unwrap_or_default().to_owned()
}

/// The schema that a reference of this document stands for.
fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(reference) => document
            .pointer(reference.trim_start_matches('#'))
            .unwrap_or_else(|| panic!("{reference} is not in the document")),
        None => schema,
    }
}

/// The JSON types of a schema; none when it takes every one.
fn kinds(schema: &Value) -> BTreeSet<&str> {
    let mut kinds: BTreeSet<&str> = match &schema["type"] {
        Value::String(one) => BTreeSet::from([one.as_str()]),
        several => list(several).iter().filter_map(Value::as_str).collect(),
    };
    // Every integer is a number.
    if kinds.contains("number") {
        kinds.insert("integer");
    }
    kinds
}

fn object(value: &Value) -> &Map<String, Value> {
    static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    value.as_object().unwrap_or(&NONE)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

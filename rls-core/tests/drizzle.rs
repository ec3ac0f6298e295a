//! Snapshots of drizzle-kit that were cut off, garbled and taken apart: each is imported or refused with a
//! reason, and what is imported can be read again.

#![cfg(all(feature = "drizzle", feature = "scan"))]
#![allow(clippy::unwrap_used, reason = "these are tests, helpers included")]

use std::path::Path;

use rls_core::drizzle::{self, Error, Request};
use rls_core::syntax::scan::{Features, scan};
use serde_json::{Value, json};

const NAMES: [&str; 6] = ["faults", "names", "saas", "supabase", "todos", "types"];

fn snapshot(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/drizzle").join(name);
    std::fs::read_to_string(folder.join("meta/0000_snapshot.json")).unwrap()
}

/// Imports a text both ways; whether anything came of it.
#[track_caller]
fn survives(text: &str) -> bool {
    let exact = drizzle::import(text, Request { exact: true, provider: None });
    let imported = drizzle::import(text, Request::default());
    assert_eq!(exact.is_ok(), imported.is_ok(), "{text}");
    match &imported {
        Ok(imported) => assert_reads_again(&imported.source.text, text),
        Err(Error::Mistakes(mistakes)) => assert!(!mistakes.is_empty()),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    imported.is_ok()
}

/// What was written is what the scan understands, but for names in SQL that lead nowhere any more.
#[track_caller]
fn assert_reads_again(source: &str, snapshot: &str) {
    let thread = std::thread::current();
    let name = format!("{}.rs", thread.name().unwrap().replace("::", "_"));
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, source).unwrap();
    let mut errors = scan(&[path], &Features::new()).errors;
    errors.retain(|error| {
        !error.message.contains(" names ") && !error.message.contains("unknown column")
    });
    assert!(errors.is_empty(), "{errors:#?}\n{source}\n{snapshot}");
}

#[test]
fn each_is_imported() {
    for name in NAMES {
        assert!(survives(&snapshot(name)), "{name}");
    }
}

#[test]
fn cut_off_anywhere_it_is_refused_where_it_ends() {
    for name in NAMES {
        let text = snapshot(name);
        let text = text.trim_end();
        for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)).step_by(7) {
            let error = drizzle::import(&text[..end], Request::default()).unwrap_err();
            assert!(matches!(error, Error::Malformed { .. }), "{name} up to {end}: {error}");
        }
    }
}

/// One byte is another.
#[test]
fn garbled_it_never_panics() {
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random % below as u64).unwrap()
    };
    for name in NAMES {
        let text = snapshot(name);
        for _ in 0..60 {
            let mut bytes = text.clone().into_bytes();
            let signs = b"\"{}[],:'()-;$\\0a\0";
            for _ in 0..=next(3) {
                let at = next(bytes.len());
                bytes[at] = signs[next(signs.len())];
            }
            let _ = survives(&String::from_utf8_lossy(&bytes));
        }
    }
}

/// Every value is in turn left out, and put in the place of something else.
#[test]
fn taken_apart_it_never_panics() {
    for name in ["names", "saas"] {
        let whole: Value = serde_json::from_str(&snapshot(name)).unwrap();
        let mut paths = Vec::new();
        collect(&whole, &mut Vec::new(), &mut paths);
        let others = [
            Value::Null,
            json!(true),
            json!(-1.5),
            json!(""),
            json!("x\u{0}'\"("),
            json!([]),
            json!({}),
        ];
        for (at, path) in paths.iter().enumerate() {
            for other in
                [None, Some(&others[at % others.len()]), Some(&others[(at / 7) % others.len()])]
            {
                let mut changed = whole.clone();
                replace(&mut changed, path, other);
                survives(&changed.to_string());
            }
        }
    }
}

/// The pointers of all values but the whole.
fn collect(value: &Value, path: &mut Vec<String>, paths: &mut Vec<Vec<String>>) {
    let parts: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(name, part)| (name.clone(), part)).collect(),
        Value::Array(items) => {
            items.iter().enumerate().map(|(at, part)| (at.to_string(), part)).collect()
        }
        _ => Vec::new(),
    };
    for (name, part) in parts {
        path.push(name);
        paths.push(path.clone());
        collect(part, path, paths);
        path.pop();
    }
}

fn replace(value: &mut Value, path: &[String], by: Option<&Value>) {
    let (last, before) = path.split_last().unwrap();
    let mut place = value;
    for name in before {
        place = match place {
            Value::Object(members) => members.get_mut(name).unwrap(),
            Value::Array(items) => &mut items[name.parse::<usize>().unwrap()],
            _ => unreachable!("a path leads through objects and lists"),
        };
    }
    match (place, by) {
        (Value::Object(members), Some(by)) => {
            members.insert(last.clone(), by.clone());
        }
        (Value::Object(members), None) => {
            members.remove(last);
        }
        (Value::Array(items), Some(by)) => items[last.parse::<usize>().unwrap()] = by.clone(),
        (Value::Array(items), None) => {
            items.remove(last.parse::<usize>().unwrap());
        }
        _ => unreachable!("only objects and lists have parts"),
    }
}

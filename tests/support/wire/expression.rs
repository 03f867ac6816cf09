//! The expressions that `DynamoStore` sends: conditions and updates, read and evaluated.
//!
//! The grammar is the part of DynamoDB's that we use ("Expressions", in its developer guide). What
//! is not in it, and what DynamoDB would refuse, panics: no answer is ever given by guess.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// An item, or a map inside one, in DynamoDB's JSON: `{"version": {"N": "7"}}`.
pub(crate) type Item = Map<String, Value>;

/// What the names and values of a request's expressions stand for.
#[derive(Debug, Clone)]
pub(crate) struct Expressions {
    names: Item,
    values: Item,
}

/// A parsed condition.
#[derive(Debug, Clone)]
pub(crate) enum Condition {
    Or(Box<Condition>, Box<Condition>),
    And(Box<Condition>, Box<Condition>),
    Missing(Path),
    Present(Path),
    Below(Path, u64),
    Equal(Path, Value),
    SizeBelow(Path, u64),
}

/// One step of an update.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Set(Path, Value),
    SetIfMissing(Path, Value),
    Remove(Path),
    Add(Path, Value),
    Delete(Path, Value),
}

/// The name of an attribute, and of a member of it, if it is a map.
type Path = Vec<String>;

impl Expressions {
    pub(crate) fn of(request: &Value) -> Self {
        let map = |name: &str| request[name].as_object().cloned().unwrap_or_default();
        let names = map("ExpressionAttributeNames");
        Self { names, values: map("ExpressionAttributeValues") }
    }

    pub(crate) fn condition(&self, text: &str) -> Condition {
        let mut parser = Parser { tokens: tokens(text), at: 0, of: self };
        let condition = parser.or();
        assert_eq!(parser.peek(), "", "{text} goes on");
        condition
    }

    pub(crate) fn update(&self, text: &str) -> Vec<Step> {
        let mut parser = Parser { tokens: tokens(text), at: 0, of: self };
        let mut steps = Vec::new();
        while parser.peek() != "" {
            let clause = parser.next();
            steps.push(parser.step(&clause));
            while parser.peek() == "," {
                parser.next();
                steps.push(parser.step(&clause));
            }
        }
        steps
    }

    /// DynamoDB refuses names and values that no expression uses.
    pub(crate) fn check_all_are_used(&self, texts: &[&str]) {
        let used: BTreeSet<_> = texts.iter().flat_map(|text| tokens(text)).collect();
        let unused = |name: &&String| !used.contains(*name);
        let unused: Vec<_> = self.names.keys().chain(self.values.keys()).filter(unused).collect();
        assert!(unused.is_empty(), "no expression uses {unused:?}");
    }
}

struct Parser<'a> {
    tokens: Vec<String>,
    at: usize,
    of: &'a Expressions,
}

impl Parser<'_> {
    fn peek(&self) -> &str {
        self.tokens.get(self.at).map_or("", String::as_str)
    }

    fn next(&mut self) -> String {
        let token = self.peek().to_owned();
        self.at += 1;
        token
    }

    fn expect(&mut self, want: &str) {
        let token = self.next();
        assert_eq!(token, want, "in {:?}", self.tokens);
    }

    fn or(&mut self) -> Condition {
        let mut left = self.and();
        while self.peek() == "OR" {
            self.next();
            left = Condition::Or(Box::new(left), Box::new(self.and()));
        }
        left
    }

    fn and(&mut self) -> Condition {
        let mut left = self.one();
        while self.peek() == "AND" {
            self.next();
            left = Condition::And(Box::new(left), Box::new(self.one()));
        }
        left
    }

    fn one(&mut self) -> Condition {
        match self.peek() {
            "(" => {
                self.next();
                let inner = self.or();
                self.expect(")");
                inner
            }
            "attribute_not_exists" => Condition::Missing(self.argument()),
            "attribute_exists" => Condition::Present(self.argument()),
            "size" => {
                let path = self.argument();
                self.expect("<");
                Condition::SizeBelow(path, whole(&self.value()))
            }
            _ => {
                let path = self.path();
                if self.peek() == "<" {
                    self.next();
                    return Condition::Below(path, whole(&self.value()));
                }
                self.expect("=");
                Condition::Equal(path, self.value())
            }
        }
    }

    /// The path that a function's name is followed by, in parentheses.
    fn argument(&mut self) -> Path {
        self.next();
        self.expect("(");
        let path = self.path();
        self.expect(")");
        path
    }

    fn step(&mut self, clause: &str) -> Step {
        let path = self.path();
        match clause {
            "REMOVE" => Step::Remove(path),
            "ADD" => Step::Add(path, self.value()),
            "DELETE" => Step::Delete(path, self.value()),
            "SET" => {
                self.expect("=");
                if self.peek() != "if_not_exists" {
                    return Step::Set(path, self.value());
                }
                self.next();
                self.expect("(");
                assert_eq!(self.path(), path, "the value of another attribute");
                self.expect(",");
                let value = self.value();
                self.expect(")");
                Step::SetIfMissing(path, value)
            }
            other => panic!("{other} in {:?}", self.tokens),
        }
    }

    fn path(&mut self) -> Path {
        let mut path = vec![self.name()];
        while self.peek() == "." {
            self.next();
            path.push(self.name());
        }
        path
    }

    fn name(&mut self) -> String {
        let token = self.next();
        if !token.starts_with('#') {
            assert!(token.starts_with(char::is_alphabetic), "{token} in {:?}", self.tokens);
            return token;
        }
        let name = self.of.names.get(&token).and_then(Value::as_str);
        name.unwrap_or_else(|| panic!("{token} is not named")).to_owned()
    }

    fn value(&mut self) -> Value {
        let token = self.next();
        self.of.values.get(&token).unwrap_or_else(|| panic!("{token} has no value")).clone()
    }
}

impl Condition {
    pub(crate) fn holds(&self, item: &Item) -> bool {
        match self {
            Self::Or(one, other) => one.holds(item) || other.holds(item),
            Self::And(one, other) => one.holds(item) && other.holds(item),
            Self::Missing(path) => get(item, path).is_none(),
            Self::Present(path) => get(item, path).is_some(),
            Self::Below(path, bound) => get(item, path).is_some_and(|found| whole(found) < *bound),
            Self::Equal(path, value) => get(item, path).is_some_and(|found| is_same(found, value)),
            Self::SizeBelow(path, bound) => {
                let set = get(item, path).and_then(|found| found["SS"].as_array());
                set.is_some_and(|set| u64::try_from(set.len()).is_ok_and(|size| size < *bound))
            }
        }
    }
}

impl Step {
    pub(crate) fn apply(&self, item: &mut Item) {
        match self {
            Self::Set(path, value) => set(item, path, Some(value.clone())),
            Self::SetIfMissing(path, value) => {
                if get(item, path).is_none() {
                    set(item, path, Some(value.clone()));
                }
            }
            Self::Remove(path) => set(item, path, None),
            Self::Add(path, value) => {
                let all: BTreeSet<_> =
                    strings(get(item, path)).chain(strings(Some(value))).collect();
                set(item, path, Some(json!({ "SS": all })));
            }
            Self::Delete(path, value) => {
                let gone: BTreeSet<_> = strings(Some(value)).collect();
                let rest: Vec<_> =
                    strings(get(item, path)).filter(|one| !gone.contains(one)).collect();
                set(item, path, (!rest.is_empty()).then(|| json!({ "SS": rest })));
            }
        }
    }
}

/// Sets have no order.
fn is_same(one: &Value, other: &Value) -> bool {
    let set = |value| strings(Some(value)).collect::<BTreeSet<_>>();
    one == other || (one["SS"].is_array() && other["SS"].is_array() && set(one) == set(other))
}

fn get<'item>(item: &'item Item, path: &[String]) -> Option<&'item Value> {
    let (first, rest) = path.split_first().expect("a path has a name");
    let found = item.get(first)?;
    if rest.is_empty() { Some(found) } else { get(found["M"].as_object()?, rest) }
}

fn set(item: &mut Item, path: &[String], value: Option<Value>) {
    let (first, rest) = path.split_first().expect("a path has a name");
    if !rest.is_empty() {
        let map = item.get_mut(first).and_then(|found| found["M"].as_object_mut());
        return set(map.expect("a document path leads into a map"), rest, value);
    }
    match value {
        Some(value) => _ = item.insert(first.clone(), value),
        None => _ = item.remove(first),
    }
}

fn strings(set: Option<&Value>) -> impl Iterator<Item = String> + use<> {
    let all = set.and_then(|set| set["SS"].as_array()).cloned().unwrap_or_default();
    all.into_iter().map(|one| one.as_str().expect("a set of strings").to_owned())
}

fn whole(number: &Value) -> u64 {
    number["N"].as_str().and_then(|digits| digits.parse().ok()).expect("a number")
}

/// Words, with what they begin with, and single signs.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut in_word = false;
    for letter in text.chars() {
        let is_word = letter.is_alphanumeric() || matches!(letter, '_' | '#' | ':');
        match tokens.last_mut() {
            Some(word) if is_word && in_word => word.push(letter),
            _ if letter.is_whitespace() => {}
            _ => tokens.push(letter.to_string()),
        }
        in_word = is_word;
    }
    tokens
}

//! Reads an expression by recursive descent.

use serde_json::{Number, Value};

use super::{Node, Operand, Operator};

/// The deepest nesting of parentheses and `not`s.
const MAX_DEPTH: usize = 64;

pub(super) fn parse(text: &str) -> Result<Node, String> {
    let mut reader = Reader { rest: text.trim_start(), depth: 0 };
    let node = reader.any()?;
    if reader.rest.is_empty() { Ok(node) } else { Err(reader.expected("and, or, or the end")) }
}

struct Reader<'a> {
    rest: &'a str,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn any(&mut self) -> Result<Node, String> {
        let mut nodes = vec![self.all()?];
        while self.word("or") || self.sign("||") {
            nodes.push(self.all()?);
        }
        Ok(single(nodes, Node::Any))
    }

    fn all(&mut self) -> Result<Node, String> {
        let mut nodes = vec![self.one()?];
        while self.word("and") || self.sign("&&") {
            nodes.push(self.one()?);
        }
        Ok(single(nodes, Node::All))
    }

    fn one(&mut self) -> Result<Node, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!("the expression is too deep: at most {MAX_DEPTH} parentheses may be nested"));
        }
        let node = self.inner();
        self.depth -= 1;
        node
    }

    fn inner(&mut self) -> Result<Node, String> {
        if self.word("not") || (!self.rest.starts_with("!=") && self.sign("!")) {
            return Ok(Node::Not(Box::new(self.one()?)));
        }
        if self.sign("(") {
            let node = self.any()?;
            return if self.sign(")") { Ok(node) } else { Err(self.expected(")")) };
        }
        let left = self.operand()?;
        let Some(operator) = self.operator() else { return Ok(Node::Is(left)) };
        Ok(Node::Compare(left, operator, self.operand()?))
    }

    fn operator(&mut self) -> Option<Operator> {
        let operators = [
            ("==", Operator::Equal),
            ("!=", Operator::Different),
            ("<=", Operator::AtMost),
            (">=", Operator::AtLeast),
            ("<", Operator::Less),
            (">", Operator::More),
            ("=", Operator::Equal),
            ("~", Operator::Contains),
        ];
        operators.into_iter().find_map(|(sign, operator)| self.sign(sign).then_some(operator))
    }

    fn operand(&mut self) -> Result<Operand, String> {
        match self.rest.chars().next() {
            Some(quote @ ('\'' | '"')) => self.text(quote),
            Some(c) if c.is_ascii_digit() || c == '-' => self.number(),
            Some(c) if c.is_alphabetic() || c == '_' || c == '@' => Ok(self.name()),
            _ => Err(self.expected("a field, a number or a 'text'")),
        }
    }

    fn text(&mut self, quote: char) -> Result<Operand, String> {
        let inside = self.rest.strip_prefix(quote).unwrap_or_default();
        let Some((text, behind)) = inside.split_once(quote) else {
            return Err(self.expected("a text with its closing quote"));
        };
        self.rest = behind.trim_start();
        Ok(Operand::Constant(Value::String(text.to_owned())))
    }

    fn number(&mut self) -> Result<Operand, String> {
        let is_digit = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+');
        let digits = self.take(is_digit);
        let number = digits
            .0
            .parse::<Number>()
            .ok()
            .filter(|number| number.as_i64().is_some() || number.as_f64().is_some_and(f64::is_finite));
        let Some(number) = number else { return Err(self.expected("a number")) };
        self.rest = digits.1;
        Ok(Operand::Constant(Value::Number(number)))
    }

    fn name(&mut self) -> Operand {
        let (name, behind) = self.take(is_of_name);
        self.rest = behind;
        match name {
            "true" => Operand::Constant(Value::Bool(true)),
            "false" => Operand::Constant(Value::Bool(false)),
            "null" => Operand::Constant(Value::Null),
            name => Operand::Field(name.to_owned()),
        }
    }

    /// The characters that belong to a part, and what follows them.
    fn take(&self, is_part: impl Fn(char) -> bool) -> (&'a str, &'a str) {
        let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        let (part, behind) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        (part, behind.trim_start())
    }

    fn sign(&mut self, sign: &str) -> bool {
        let behind = self.rest.strip_prefix(sign);
        self.rest = behind.map_or(self.rest, str::trim_start);
        behind.is_some()
    }

    fn word(&mut self, word: &str) -> bool {
        let (name, behind) = self.take(is_of_name);
        let is_it = name == word;
        if is_it {
            self.rest = behind;
        }
        is_it
    }

    fn expected(&self, what: &str) -> String {
        let place = if self.rest.is_empty() {
            "at its end".to_owned()
        } else {
            format!("at {:?}", self.rest.chars().take(20).collect::<String>())
        };
        format!("{place}: expected {what}")
    }
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '@' | '-')
}

/// Several nodes combined, or a single one as it is.
fn single(mut nodes: Vec<Node>, several: impl Fn(Vec<Node>) -> Node) -> Node {
    match nodes.pop() {
        Some(node) if nodes.is_empty() => node,
        node => {
            nodes.extend(node);
            several(nodes)
        }
    }
}

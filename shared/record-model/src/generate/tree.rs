//! Fields with dotted names, as the objects that they form.

use crate::schema::{Field, Plan};

/// A member of the document: a field, or an object of members.
#[derive(Debug)]
pub(super) enum Member<'p> {
    Field(&'p Field),
    Object(&'p str, Vec<Member<'p>>),
}

impl<'p> Member<'p> {
    /// What it is called in its object.
    pub(super) fn name(&self) -> &'p str {
        match self {
            Self::Field(field) => &field.leaf,
            Self::Object(name, _) => name,
        }
    }
}

/// The members of the document, in the order they are written.
pub(super) fn members(plan: &Plan) -> Vec<Member<'_>> {
    let mut members = Vec::new();
    for field in &plan.fields {
        let mut path: Vec<&str> = field.name.split('.').collect();
        path.pop();
        insert(&mut members, &path, field);
    }
    members
}

fn insert<'p>(members: &mut Vec<Member<'p>>, path: &[&'p str], field: &'p Field) {
    let Some((first, rest)) = path.split_first() else { return members.push(Member::Field(field)) };
    // The fields of one object are adjacent, so only the last member can be it.
    if !matches!(members.last(), Some(Member::Object(name, _)) if name == first) {
        members.push(Member::Object(first, Vec::new()));
    }
    if let Some(Member::Object(_, inner)) = members.last_mut() {
        insert(inner, rest, field);
    }
}

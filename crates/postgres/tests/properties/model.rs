//! What a random schema is made of. Everything has a number of its own, by which other things refer to it, so that a
//! change of a name or of a type reaches all that rests on it.

/// The number of a thing, never used twice.
pub type Id = u32;

/// A whole schema.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    pub next: Id,
    pub enums: Vec<Enum>,
    pub domains: Vec<Domain>,
    pub composites: Vec<Composite>,
    pub sequences: Vec<Sequence>,
    pub functions: Vec<Function>,
    pub tables: Vec<Table>,
    pub views: Vec<View>,
    pub grants: Vec<Grant>,
    pub comments: Vec<Comment>,
}

#[derive(Clone, Debug)]
pub struct Enum {
    pub id: Id,
    pub name: String,
    pub labels: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct Domain {
    pub id: Id,
    pub name: String,
    pub base: Scalar,
    pub not_null: bool,
    pub check: Option<u16>,
}

#[derive(Clone, Debug)]
pub struct Composite {
    pub id: Id,
    pub name: String,
    pub attributes: Vec<(String, Scalar)>,
}

#[derive(Clone, Debug)]
pub struct Sequence {
    pub id: Id,
    pub name: String,
    pub increment: u16,
    /// The table and column that own it.
    pub owner: Option<(Id, Id)>,
}

/// Types of the server's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scalar {
    Smallint,
    Integer,
    Bigint,
    Numeric(u8, u8),
    Text,
    Varchar(u8),
    Boolean,
    Date,
    Timestamptz,
    Uuid,
    Jsonb,
    Integers,
    Texts,
}

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    Scalar(Scalar),
    Enum(Id),
    Enums(Id),
    Domain(Id),
    Composite(Id),
}

#[derive(Clone, Debug)]
pub struct Table {
    pub id: Id,
    pub name: String,
    pub columns: Vec<Column>,
    pub constraints: Vec<Constraint>,
    pub indexes: Vec<Index>,
    pub triggers: Vec<Trigger>,
    pub policies: Vec<Policy>,
    pub row_security: bool,
    pub forced: bool,
    pub fillfactor: Option<u16>,
    pub unlogged: bool,
    /// The table that it inherits from.
    pub inherits: Option<Id>,
    pub partitioned: Option<Partitioned>,
}

#[derive(Clone, Debug)]
pub struct Partitioned {
    /// The column of the key, an integer.
    pub key: Id,
    pub by: By,
    pub parts: Vec<Part>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    Range,
    List,
    Hash,
}

#[derive(Clone, Debug)]
pub struct Part {
    pub name: String,
    /// Which part of the key; 0 is the default partition, where there is such a thing.
    pub place: u16,
    /// A table of its own by now.
    pub detached: bool,
}

#[derive(Clone, Debug)]
pub struct Column {
    pub id: Id,
    pub name: String,
    pub of: Type,
    pub not_null: bool,
    pub value: Value,
    pub storage: Option<bool>,
    pub statistics: Option<u16>,
}

/// What a column holds when nobody says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    Nothing,
    Constant(u16),
    /// A call of a function without arguments.
    Call(Id),
    Sequence(Id),
    Serial,
    Identity(bool),
    /// Generated from another column.
    Generated(Id, u16),
}

#[derive(Clone, Debug)]
pub struct Constraint {
    pub id: Id,
    /// The server's choice if there is none.
    pub name: Option<String>,
    pub what: What,
}

#[derive(Clone, Debug)]
pub enum What {
    Primary(Vec<Id>),
    Unique(Vec<Id>, bool),
    /// On one column; the number makes different ones.
    Check(Id, u16, bool),
    /// By a function of the schema.
    CheckBy(Id, Id),
    /// From a column to the table's key.
    Foreign(Id, Id, u16),
    Exclude(Id),
}

#[derive(Clone, Debug)]
pub struct Index {
    pub id: Id,
    pub name: String,
    pub columns: Vec<Id>,
    pub unique: bool,
    /// A function around the first column.
    pub by: Option<Id>,
    pub condition: Option<(Id, u16)>,
    pub descending: bool,
    pub include: Option<Id>,
}

#[derive(Clone, Debug)]
pub struct Trigger {
    pub id: Id,
    pub name: String,
    pub function: Id,
    pub before: bool,
    pub of: Option<Id>,
    pub row: bool,
    pub disabled: bool,
}

#[derive(Clone, Debug)]
pub struct Policy {
    pub id: Id,
    pub name: String,
    pub column: Id,
    pub kind: u16,
    pub role: Option<u16>,
}

#[derive(Clone, Debug)]
pub struct Function {
    pub id: Id,
    pub name: String,
    pub body: Body,
    pub kind: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// Takes an integer and gives one, immutable.
    Integer(u16),
    /// Takes a text and gives one, immutable.
    Text(u16),
    /// Takes nothing, gives an integer.
    Nullary(u16),
    /// For triggers.
    Trigger(u16),
    /// Takes a row of a table.
    Row(Id, u16),
    /// Counts a table's rows, with a body that the server has parsed.
    Atomic(Id, u16),
    Procedure(u16),
    /// Gives a table of two columns.
    Rows(u16),
}

#[derive(Clone, Debug)]
pub struct View {
    pub id: Id,
    pub name: String,
    pub source: Id,
    /// Number, name, and the source's column.
    pub columns: Vec<(Id, String, Id, bool)>,
    pub materialized: bool,
    pub condition: Option<Id>,
    pub barrier: bool,
    pub index: Option<(String, Id)>,
}

#[derive(Clone, Debug)]
pub struct Grant {
    pub on: Id,
    pub role: u16,
    pub kind: u16,
}

#[derive(Clone, Debug)]
pub struct Comment {
    pub on: Id,
    pub text: u16,
}

impl Schema {
    pub fn new_id(&mut self) -> Id {
        self.next += 1;
        self.next
    }

    pub fn table(&self, id: Id) -> Option<&Table> {
        self.tables.iter().find(|table| table.id == id)
    }

    pub fn view(&self, id: Id) -> Option<&View> {
        self.views.iter().find(|view| view.id == id)
    }

    pub fn function(&self, id: Id) -> Option<&Function> {
        self.functions.iter().find(|function| function.id == id)
    }

    /// The columns of a table with those that it inherits, or of a view: number and name.
    pub fn outputs(&self, relation: Id) -> Vec<(Id, String)> {
        if let Some(table) = self.table(relation) {
            let mut outputs = table.inherits.map(|parent| self.outputs(parent)).unwrap_or_default();
            outputs.extend(table.columns.iter().map(|column| (column.id, column.name.clone())));
            return outputs;
        }
        let columns = self.view(relation).into_iter().flat_map(|view| &view.columns);
        columns.map(|(id, name, _, _)| (*id, name.clone())).collect()
    }

    /// What it is that a scalar comparison may be made with.
    pub fn scalar(&self, of: Type) -> Option<Scalar> {
        match of {
            Type::Scalar(scalar) => Some(scalar),
            Type::Domain(id) => self.domains.iter().find(|domain| domain.id == id).map(|domain| domain.base),
            _ => None,
        }
    }
}

impl Table {
    pub fn column(&self, id: Id) -> Option<&Column> {
        self.columns.iter().find(|column| column.id == id)
    }

    pub fn key(&self) -> Option<&Vec<Id>> {
        self.constraints.iter().find_map(|constraint| match &constraint.what {
            What::Primary(columns) => Some(columns),
            _ => None,
        })
    }
}

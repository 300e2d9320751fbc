//! What stands beside tables and views: triggers, policies, functions, grants, and the targets of comments.

use tenantry_planner::sql::Quoted;
use tenantry_testkit::pg::Cluster;

use super::super::model::{Body, Function, Grant, Id, Policy, Schema, Table, Trigger};
use super::{column_name, condition, role};

impl Schema {
    pub(super) fn trigger_sql(&self, table: &Table, trigger: &Trigger, add: &mut impl FnMut(String)) {
        let when = if trigger.before { "BEFORE" } else { "AFTER" };
        let of = trigger.of.map(|id| format!(" OF {}", column_name(table, id))).unwrap_or_default();
        let each = if trigger.row { "ROW" } else { "STATEMENT" };
        let function = self.function(trigger.function).map_or("", |function| &function.name);
        let (name, on, function) = (Quoted(&trigger.name), Quoted(&table.name), Quoted(function));
        add(format!(
            "CREATE TRIGGER {name} {when} INSERT OR UPDATE{of} ON {on} FOR EACH {each} EXECUTE FUNCTION {function}('a', 'b')"
        ));
        if trigger.disabled {
            add(format!("ALTER TABLE {on} DISABLE TRIGGER {name}"));
        }
    }

    pub(super) fn policy_sql(&self, table: &Table, policy: &Policy) -> String {
        let to = policy.role.map(|number| format!(" TO {}", role(number))).unwrap_or_default();
        let of = table.column(policy.column).and_then(|column| self.scalar(column.of));
        let condition = condition(&column_name(table, policy.column), of, policy.kind);
        let (command, clause) = match policy.kind % 4 {
            0 => ("ALL", format!("USING ({condition}) WITH CHECK (true)")),
            1 => ("SELECT", format!("USING ({condition})")),
            2 => ("INSERT", format!("WITH CHECK ({condition})")),
            _ => ("UPDATE", format!("USING ({condition})")),
        };
        let mode = if policy.kind.is_multiple_of(5) { " AS RESTRICTIVE" } else { "" };
        let (name, on) = (Quoted(&policy.name), Quoted(&table.name));
        format!("CREATE POLICY {name} ON {on}{mode} FOR {command}{to} {clause}")
    }

    pub(super) fn function_sql(&self, function: &Function) -> String {
        let create =
            |head: &str, rest: &str| format!("CREATE FUNCTION {}({head}) {rest}", Quoted(&function.name));
        let strict = if function.kind.is_multiple_of(3) { " STRICT" } else { "" };
        let path = if function.kind % 4 == 1 { " SET search_path = __TENANT__, pg_temp" } else { "" };
        match function.body {
            Body::Integer(n) => create(
                "x integer",
                &format!("RETURNS integer LANGUAGE sql IMMUTABLE{strict} AS $$ SELECT x + {n} $$"),
            ),
            Body::Text(n) => create(
                "x text",
                &format!("RETURNS text LANGUAGE sql IMMUTABLE{strict} AS $$ SELECT x || '{n}' $$"),
            ),
            Body::Nullary(n) => {
                let volatile = ["VOLATILE", "STABLE"][usize::from(function.kind) % 2];
                create("", &format!("RETURNS integer LANGUAGE sql {volatile} AS $$ SELECT {} $$", n + 1))
            }
            Body::Trigger(n) => create(
                "",
                &format!("RETURNS trigger LANGUAGE plpgsql{path} AS $$ BEGIN /* {n} */ RETURN NEW; END $$"),
            ),
            Body::Row(table, n) => {
                let table = self.table(table).map_or("", |table| &table.name);
                create(
                    &format!("r {}", Quoted(table)),
                    &format!("RETURNS text LANGUAGE sql STABLE AS $$ SELECT r::text || '{n}' $$"),
                )
            }
            Body::Atomic(table, n) => {
                let table = self.table(table).map_or("", |table| &table.name);
                let select = format!("SELECT count(*)::integer + {n} FROM {} t", Quoted(table));
                // Before 14 a body is text, and is not looked into.
                let parsed = Cluster::shared().unwrap().version() >= 14;
                let body =
                    if parsed { format!("BEGIN ATOMIC {select}; END") } else { format!("AS $$ {select} $$") };
                create("", &format!("RETURNS integer LANGUAGE sql {body}"))
            }
            Body::Procedure(n) => format!(
                "CREATE PROCEDURE {}(x integer) LANGUAGE plpgsql AS $$ BEGIN PERFORM {n}; END $$",
                Quoted(&function.name)
            ),
            Body::Rows(n) => create(
                &format!("x integer DEFAULT {n}, OUT a integer, OUT \"B c\" text"),
                "RETURNS SETOF record LANGUAGE sql STABLE AS $$ SELECT x, 'a' $$",
            ),
        }
    }

    /// How a function is named where its arguments must be given.
    fn signature(&self, function: &Function) -> String {
        let arguments = match function.body {
            Body::Integer(_) | Body::Procedure(_) | Body::Rows(_) => "integer".to_owned(),
            Body::Text(_) => "text".to_owned(),
            Body::Row(table, _) => Quoted(self.table(table).map_or("", |table| &table.name)).to_string(),
            Body::Nullary(_) | Body::Trigger(_) | Body::Atomic(..) => String::new(),
        };
        let kind = if matches!(function.body, Body::Procedure(_)) { "PROCEDURE" } else { "FUNCTION" };
        format!("{kind} {}({arguments})", Quoted(&function.name))
    }

    pub(super) fn grant_sql(&self, grant: &Grant) -> Option<String> {
        let to = role(grant.role);
        let option = if grant.kind.is_multiple_of(5) && to != "PUBLIC" { " WITH GRANT OPTION" } else { "" };
        if grant.on == 0 {
            return Some(format!("GRANT USAGE ON SCHEMA __TENANT__ TO {to}{option}"));
        }
        for table in &self.tables {
            let on = Quoted(&table.name);
            if table.id == grant.on {
                let what = ["SELECT", "INSERT, UPDATE", "ALL", "DELETE"][usize::from(grant.kind) % 4];
                return Some(format!("GRANT {what} ON {on} TO {to}{option}"));
            }
            if let Some(column) = table.column(grant.on) {
                let what = ["SELECT", "UPDATE"][usize::from(grant.kind) % 2];
                return Some(format!("GRANT {what} ({}) ON {on} TO {to}{option}", Quoted(&column.name)));
            }
        }
        if let Some(view) = self.view(grant.on) {
            return Some(format!("GRANT SELECT ON {} TO {to}{option}", Quoted(&view.name)));
        }
        if let Some(function) = self.function(grant.on) {
            let signature = self.signature(function);
            return Some(match grant.kind % 2 {
                0 => format!("REVOKE ALL ON {signature} FROM PUBLIC"),
                _ => format!("GRANT EXECUTE ON {signature} TO {to}{option}"),
            });
        }
        if let Some(sequence) = self.sequences.iter().find(|sequence| sequence.id == grant.on) {
            return Some(format!("GRANT USAGE ON SEQUENCE {} TO {to}{option}", Quoted(&sequence.name)));
        }
        let types = self.enums.iter().map(|e| e.id).chain(self.domains.iter().map(|d| d.id));
        let types = types.chain(self.composites.iter().map(|c| c.id));
        let of = types.into_iter().find(|id| *id == grant.on)?;
        Some(match grant.kind % 2 {
            0 => format!("REVOKE USAGE ON TYPE {} FROM PUBLIC", self.named_type(of)),
            _ => format!("GRANT USAGE ON TYPE {} TO {to}{option}", self.named_type(of)),
        })
    }

    pub(super) fn comment_target(&self, on: Id) -> Option<String> {
        if on == 0 {
            return Some("SCHEMA __TENANT__".to_owned());
        }
        for table in &self.tables {
            let name = Quoted(&table.name);
            if table.id == on {
                return Some(format!("TABLE {name}"));
            }
            if let Some(column) = table.column(on) {
                return Some(format!("COLUMN {name}.{}", Quoted(&column.name)));
            }
            let constraint = table.constraints.iter().find(|constraint| constraint.id == on);
            if let Some(constraint) = constraint.and_then(|constraint| constraint.name.as_ref()) {
                return Some(format!("CONSTRAINT {} ON {name}", Quoted(constraint)));
            }
            if let Some(index) = table.indexes.iter().find(|index| index.id == on) {
                return Some(format!("INDEX {}", Quoted(&index.name)));
            }
            if let Some(trigger) = table.triggers.iter().find(|trigger| trigger.id == on) {
                return Some(format!("TRIGGER {} ON {name}", Quoted(&trigger.name)));
            }
            if let Some(policy) = table.policies.iter().find(|policy| policy.id == on) {
                return Some(format!("POLICY {} ON {name}", Quoted(&policy.name)));
            }
        }
        if let Some(view) = self.view(on) {
            let kind = if view.materialized { "MATERIALIZED VIEW" } else { "VIEW" };
            return Some(format!("{kind} {}", Quoted(&view.name)));
        }
        if let Some(function) = self.function(on) {
            return Some(self.signature(function));
        }
        if let Some(sequence) = self.sequences.iter().find(|sequence| sequence.id == on) {
            return Some(format!("SEQUENCE {}", Quoted(&sequence.name)));
        }
        if self.domains.iter().any(|domain| domain.id == on) {
            return Some(format!("DOMAIN {}", self.named_type(on)));
        }
        let types = self.enums.iter().map(|e| e.id).chain(self.composites.iter().map(|c| c.id));
        types.into_iter().find(|id| *id == on).map(|id| format!("TYPE {}", self.named_type(id)))
    }
}
